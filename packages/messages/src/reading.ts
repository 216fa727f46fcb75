/** What of a list its reader has read, as claim.lua keeps it. */
export class Reading {
  readonly #watermark: string
  readonly #hidden: string
  readonly #held: string
  readonly #open: string

  /** @param now in ms: a claim whose lease is over holds nothing any more. */
  constructor(
    { watermark = '0', unread = '', hidden = '', ...rest }: Readonly<Record<string, string>>,
    now: number,
  ) {
    const claims = Object.entries(rest).flatMap(([field, held]) => (field.startsWith('claim:') ? [held] : []))
    const isOver = (held: string) => Number.parseInt(held, 10) <= now
    this.#watermark = watermark
    this.#hidden = hidden
    this.#held = claims.filter(held => !isOver(held)).join(' ')
    this.#open = [unread, ...claims.filter(isOver)].join(' ')
  }

  /** Unread and held by no page, held by a page, or read. */
  stateOf(id: string): 'open' | 'held' | 'read' {
    if (this.#held.includes(id)) return 'held'
    return id > this.#watermark || this.#open.includes(id) ? 'open' : 'read'
  }

  /** Whether the reader dismissed it. */
  isHidden(id: string): boolean {
    return this.#hidden.includes(id)
  }
}
