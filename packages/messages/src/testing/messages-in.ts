/** A message as a page shows it. */
export interface PageMessage {
  /** Its `data-message-id`; `''` where it has none. */
  readonly id: string
  /** Its classes: the message's tags. */
  readonly tags: string
  /** All that is to be read in it, white space collapsed. */
  readonly text: string
  /** Where its links lead. */
  readonly links: readonly string[]
}

/** The messages of a page: each `li` directly in a `ul.messages`, in the page's order. */
export function messagesIn(html: string): PageMessage[] {
  const found: FoundMessage[] = []
  const open: OpenElement[] = []
  const innermost = (isIt: (element: OpenElement) => boolean) => open.findLastIndex(isIt)

  for (const { text, name, isEnd, attributes } of piecesOf(html)) {
    const item = open.findLast(element => element.item)?.item
    if (name === '') {
      if (item) item.text += decode(text)
    } else if (isEnd) {
      const begin = innermost(element => element.name === name)
      if (begin >= 0) open.length = begin
    } else {
      const { id = '', tags = '', href } = attributesOf(attributes)
      if (name === 'a' && href !== undefined) item?.links.push(href)
      const previous = innermost(element => element.name === 'li')
      // HTML lets an li end where the next one of its list begins.
      if (name === 'li' && previous > innermost(element => /^[uo]l$/.test(element.name)))
        open.length = previous
      const isMessage = name === 'li' && open.at(-1)?.isList === true
      const message = isMessage ? { id, tags, text: '', links: [] } : undefined
      if (message) found.push(message)
      const isList = name === 'ul' && tags.split(' ').includes('messages')
      if (!VOID.has(name)) open.push({ name, isList, item: message })
    }
  }
  return found.map(message => ({ ...message, text: collapsed(message.text) }))
}

interface FoundMessage {
  readonly id: string
  readonly tags: string
  text: string
  readonly links: string[]
}

interface OpenElement {
  readonly name: string
  readonly isList: boolean
  readonly item: FoundMessage | undefined
}

interface Piece {
  readonly text: string
  /** Of an element that begins or ends here; `''` for text. */
  readonly name: string
  readonly isEnd: boolean
  readonly attributes: string
}

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))

// Text between tags, tags with their attributes, and what a reader doesn't see: comments, scripts, styles, templates.
const PIECE =
  /<!--.*?-->|<!.*?>|<(script|style|template|textarea|title)\b.*?<\/\1\s*>|<(\/?)([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>|([^<]+|<)/gis

function* piecesOf(html: string): Generator<Piece> {
  for (const [, , end = '', name = '', attributes = '', text = ''] of html.matchAll(PIECE))
    if (name !== '' || text !== '') yield { text, name: name.toLowerCase(), isEnd: end === '/', attributes }
}

function attributesOf(attributes: string): { id?: string; tags?: string; href?: string } {
  const found: Record<string, string> = {}
  for (const [, name = '', double, single, bare] of attributes.matchAll(
    /([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  ))
    found[name.toLowerCase()] ??= decode(double ?? single ?? bare ?? '')
  const { class: tags, 'data-message-id': id, href } = found
  return {
    ...(id !== undefined && { id }),
    ...(tags !== undefined && { tags: collapsed(tags) }),
    ...(href !== undefined && { href }),
  }
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
}

/** The entities that template engines write, and all numeric ones. */
function decode(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos|nbsp));/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
