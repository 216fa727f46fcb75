/**
 * What of the page that stands in the browser can't be seen as it should: run in the page, so it uses nothing from here. Text that
 * is beyond the page's sides, cut off, or under something else, one line a fault.
 */
export function layoutFaults(): string[] {
  const root = document.documentElement
  const faults: string[] = []
  if (root.scrollWidth > innerWidth)
    faults.push(`the page is ${root.scrollWidth} px wide, its window ${innerWidth} px`)

  interface Piece {
    element: Element
    words: string
    box: DOMRect
  }
  const pieces: Piece[] = []
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}${[...element.classList].map(each => `.${each}`).join('')}`
  const isThere = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest('.unseen, .skip, option, svg')
  const isCut = (style: CSSStyleDeclaration) => `${style.overflowX} ${style.overflowY}` !== 'visible visible'
  // An excerpt says so by its last line, and a region that scrolls can be reached by keyboard.
  const mayCut = (element: Element) =>
    getComputedStyle(element).getPropertyValue('-webkit-line-clamp') !== 'none' ||
    (element instanceof HTMLElement &&
      element.tabIndex === 0 &&
      /auto|scroll/.test(getComputedStyle(element).overflow))

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement
    const words = (node.textContent ?? '').trim()
    if (!element || words === '' || !isThere(element)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const box of range.getClientRects()) pieces.push({ element, words: words.slice(0, 40), box })
  }
  for (const element of document.querySelectorAll('input, select, textarea, progress, img')) {
    const box = element.getBoundingClientRect()
    if (isThere(element) && box.width > 0) pieces.push({ element, words: name(element), box })
  }

  const seen: Piece[] = []
  for (const piece of pieces) {
    const { element, words, box } = piece
    let isInside = true
    for (let outer: Element | null = element; outer && outer !== document.body; outer = outer.parentElement) {
      if (!isCut(getComputedStyle(outer)) || outer.matches('input, select, textarea, progress')) continue
      const frame = outer.getBoundingClientRect()
      const isOut =
        box.left < frame.left - 1 ||
        box.right > frame.right + 1 ||
        box.top < frame.top - 4 ||
        box.bottom > frame.bottom + 4
      if (isOut && mayCut(outer)) isInside = false
      else if (isOut) faults.push(`“${words}” is cut off by ${name(outer)}`)
    }
    if (!isInside) continue
    if (box.left < -1 || box.right > innerWidth + 1)
      faults.push(
        `“${words}” in ${name(element)} is beyond the page: ${Math.round(box.left)} to ${Math.round(box.right)} px`,
      )
    seen.push(piece)
  }

  // A line's box is higher than its letters: only what lies on one another by more than a third of a line counts.
  for (const [i, one] of seen.entries())
    for (const other of seen.slice(i + 1)) {
      if (one.element.contains(other.element) && one.element.matches('select, textarea')) continue
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left)
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top)
      if (across > 2 && down > Math.min(one.box.height, other.box.height) / 3)
        faults.push(`“${one.words}” and “${other.words}” lie on one another`)
    }
  return [...new Set(faults)]
}

/**
 * What on the page can't be seen to have the focus: no outline of two pixels (in forced colours nothing else is left), or
 * something before it. Run in the page, after a key was pressed.
 */
export function focusFaults(): string[] {
  const faults: string[] = []
  const all = document.querySelectorAll<HTMLElement>(
    'a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled, summary, [tabindex="0"]',
  )
  for (const element of [...all].filter(each => each.checkVisibility()).slice(0, 60)) {
    element.focus()
    if (document.activeElement !== element) continue
    const style = getComputedStyle(element)
    const what = `${element.outerHTML.slice(0, 120)}`
    if (style.outlineStyle === 'none' || Number.parseFloat(style.outlineWidth) < 2)
      faults.push(`no outline (${style.outlineStyle} ${style.outlineWidth}): ${what}`)
    const isFree = [...element.getClientRects()].some(box => {
      const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)]
      const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)]
      const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
      return at && (element.contains(at) || at.contains(element) || at.closest('label')?.contains(element))
    })
    if (!isFree) faults.push(`can’t be seen when it has the focus: ${what}`)
  }
  return faults
}

/** What is told by a background alone, which forced colours take away. Run in the page. */
export function backgroundFaults(): string[] {
  return [...document.querySelectorAll('progress, input[type="checkbox"]:not(.close)')].flatMap(element => {
    const { appearance, borderTopStyle } = getComputedStyle(element)
    const isSeen = element.matches('progress') ? borderTopStyle !== 'none' : appearance !== 'none'
    return isSeen ? [] : [`has nothing but a background: ${element.outerHTML.slice(0, 120)}`]
  })
}

/** What still moves for whoever asked for less motion. Run in the page. */
export function motionFaults(): string[] {
  const seconds = (value: string) => Math.max(...value.split(',').map(each => Number.parseFloat(each)))
  return [...document.querySelectorAll('*')].flatMap(element => {
    const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(element)
    const isMoving =
      seconds(transitionDuration) > 0.01 ||
      (animationName !== 'none' && seconds(animationDuration) > 0.01) ||
      scrollBehavior === 'smooth'
    return isMoving ? [`moves: ${element.outerHTML.slice(0, 120)}`] : []
  })
}

/** Spaces lines, letters and words as far apart as WCAG 1.4.12 says that a reader may. Run in the page. */
export function spaceOut(): void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(
    '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }',
  )
  document.adoptedStyleSheets = [sheet]
}
