// @ts-check
// The messages above a page's heading, with a script: each can be closed, and those that come to the open page
// (@tidings/messages/live.js brings them) are folded like those that the page was sent with. Without it, all can be read.

const OPEN = 3
// A button that appears together with its message would be read out with it.
const UNTIL_SAID = 500

const block = document.querySelector('.notices')
if (block instanceof HTMLElement) start(block)

/** @param {HTMLElement} block */
function start(block) {
  const fold = /** @type {HTMLDetailsElement} */ (block.querySelector('details.fold'))
  const heading = /** @type {HTMLElement} */ (block.querySelector('h2'))
  const list = () => /** @type {HTMLElement[]} */ ([...block.querySelectorAll('ul.messages > li')])
  const open = () => list().filter(item => !item.dataset.folded)

  for (const item of list()) addButton(item, item.querySelector('input.close')?.getAttribute('aria-label'))

  block.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('button.close')
    if (button) close(/** @type {HTMLElement} */ (button.closest('li')))
  })
  document.addEventListener('tidings:message', event => {
    const { target, detail } = /** @type {CustomEvent<{ close: string }>} */ (event)
    const item = /** @type {HTMLElement} */ (target)
    setTimeout(() => addButton(item, detail.close), UNTIL_SAID)
    tidy(item)
  })
  document.addEventListener('tidings:waiting', event => {
    const { count } = /** @type {CustomEvent<{ count: number }>} */ (event).detail
    for (const place of document.querySelectorAll('[data-unread-count]')) {
      place.textContent = ` (${count} unread)`
      place.toggleAttribute('hidden', count === 0)
    }
  })
  addEventListener('pageshow', ({ persisted }) => {
    // The reader has gone back to the page: what they were told there is not new.
    if (!persisted) return
    for (const item of list()) item.remove()
    tidy()
  })

  /** Takes a message away; the focus goes to its neighbour's button. @param {HTMLElement} item */
  function close(item) {
    const seen = list().filter(each => each.getClientRects().length > 0)
    const place = seen.indexOf(item)
    item.remove()
    tidy()
    const next = seen[place + 1] ?? seen[place - 1]
    const goal = next?.querySelector('button.close') ?? document.querySelector('main h1')
    if (!(goal instanceof HTMLElement)) return
    if (goal.tabIndex < 0) goal.tabIndex = -1
    goal.focus()
  }

  /** At most three are open, the newest among them. @param {HTMLElement} [newest] */
  function tidy(newest) {
    for (let shown = open(); shown.length > OPEN; shown = open()) {
      const may = shown.filter(item => item !== newest && !item.contains(document.activeElement))
      const [oldest] = [...may.filter(item => !item.classList.contains('error')), ...may]
      if (!oldest) break
      oldest.dataset.folded = 'true'
    }
    for (let rest = folded(); rest.length > 0 && open().length < OPEN; rest = folded())
      rest[0]?.removeAttribute('data-folded')
    for (const each of block.querySelectorAll('ul.messages')) if (!each.firstElementChild) each.remove()
    const isEmpty = list().length === 0
    heading.hidden = isEmpty
    if (isEmpty) block.removeAttribute('aria-labelledby')
    else block.setAttribute('aria-labelledby', heading.id)
    const count = folded().length
    fold.hidden = count === 0
    if (count === 0) fold.open = false
    for (const place of fold.querySelectorAll('[data-folded-count]')) place.textContent = String(count)
  }

  function folded() {
    return list().filter(item => item.dataset.folded)
  }
}

/** @param {HTMLElement} item @param {string | null | undefined} label */
function addButton(item, label) {
  if (item.querySelector('button.close')) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'close'
  button.setAttribute('aria-label', label ?? 'Close')
  // It is no news, wherever it is put in.
  button.setAttribute('aria-live', 'off')
  const box = item.querySelector('input.close')
  if (box) box.replaceWith(button)
  else item.append(button)
}
