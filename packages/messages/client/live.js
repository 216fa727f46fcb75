// @ts-check
// Brings messages to a page that is open. Load it as a module on pages that have a live region; the README of
// @tidings/messages shows the markup and lists the attributes.

/**
 * @typedef {{ id: string, text: string, level: number, time: string, group: string, tags?: string, reader?: string,
 *   link?: { href: string, text: string } } & Record<string, unknown>} LiveMessage What the stream brings; `render` on the server may have added fields.
 */

const ERROR = 40
const IDS_AT_ONCE = 100 // what the server takes
const SECOND = 1000
const MINUTE = 60 * SECOND
// So long a message stands before a newer one may have its place.
const STANDS = 10 * SECOND
// Who is still here so long after a link was followed has been given a file, or has come to nothing.
const LEAVES_WITHIN = 10 * SECOND

/**
 * Starts on a live region. It is done by itself for the page's first `[data-live-messages]`.
 * @param {HTMLElement} region
 * @returns {() => void} stops it
 */
export function startLiveMessages(region) {
  if (typeof EventSource === 'undefined') return () => {}
  const channel =
    typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tidings-messages')
  const page = new LivePage(region)
  const confirmations = new Confirmations(region, ids => tell({ confirmed: ids }))
  const listening = new AbortController()
  /** @type {EventSource | undefined} */
  let stream
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again
  let refusals = 0
  let isLeaving = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let stays

  function open() {
    if (isLeaving) return
    clearTimeout(again)
    if (stream || !isVisible()) return
    stream = new EventSource(region.dataset.liveMessages || '/messages/stream')
    stream.addEventListener('open', () => {
      refusals = 0
    })
    stream.addEventListener('message', ({ data }) => bring(JSON.parse(data)))
    // A newer tab has taken this one's place. It comes back when somebody turns to it.
    stream.addEventListener('retired', close)
    stream.addEventListener('error', () => {
      if (stream?.readyState !== EventSource.CLOSED) return // the browser comes back by itself
      close()
      again = setTimeout(open, jittered(Math.min(5 * MINUTE, 5 * SECOND * 2 ** refusals++)))
    })
  }

  /** @param {object} news for the other tabs */
  function tell(news) {
    if (!listening.signal.aborted) channel?.postMessage(news)
  }

  function close() {
    clearTimeout(again)
    stream?.close()
    stream = undefined
  }

  /** @param {LiveMessage} message */
  function bring(message) {
    if (!page.isFor(message)) return stop() // somebody else has logged in since this page was opened
    page.show(message)
    tell({ message })
    // In the next frame it is painted. A hidden tab has none until it is seen.
    requestAnimationFrame(() => {
      if (isVisible() && !isLeaving && page.hasOwn(message.id)) confirmations.add(message.id)
    })
  }

  /** What comes now would be seen for a moment, and count as shown: the page that is being asked for shows it. */
  function leave() {
    close()
    isLeaving = true
    clearTimeout(stays)
    stays = setTimeout(stay, LEAVES_WITHIN)
  }

  function stay() {
    clearTimeout(stays)
    isLeaving = false
    open()
  }

  /** @param {MessageEvent} event what another tab shows, or has confirmed */
  function hear({ data: { message, confirmed = [] } }) {
    confirmations.drop(confirmed)
    page.drop(confirmed)
    // Only where both pages say for whom they are. What the other tab shows, it confirms.
    if (message && region.dataset.reader && page.isFor(message)) page.show(message)
  }

  function stop() {
    close()
    clearTimeout(stays)
    channel?.close()
    listening.abort()
  }

  const { signal } = listening
  channel?.addEventListener('message', hear)
  document.addEventListener('visibilitychange', () => (isVisible() ? open() : close()), { signal })
  addEventListener('beforeunload', leave, { signal })
  addEventListener('pagehide', close, { signal })
  addEventListener('pageshow', stay, { signal })
  addEventListener('focus', open, { signal })
  open()
  return stop
}

/** The messages in the page. */
class LivePage {
  /** @type {Map<string, { item: HTMLElement, since: number }>} */
  #own = new Map()
  /** @type {Set<string>} */
  #heldBack = new Set()
  /** @type {{ group: string, item: HTMLElement, count: number } | undefined} */
  #last

  /** @param {HTMLElement} region */
  constructor(region) {
    this.region = region
  }

  /** @param {LiveMessage} message is it for the page's reader, as far as the page says who that is? */
  isFor({ reader }) {
    const { reader: own } = this.region.dataset
    return own === undefined || own === reader
  }

  /** @param {string} id does a message stand in the page because this script has put it there? */
  hasOwn(id) {
    return this.#own.get(id)?.item.isConnected === true
  }

  /** @param {LiveMessage} message shown once, if there is room; without room it waits for the next page */
  show(message) {
    const { id } = message
    if (this.#own.has(id)) return
    if (this.#isOld(message)) return this.#holdBack(id)
    if (document.querySelector(`[data-message-id="${CSS.escape(id)}"]`)) return
    if (message.group && this.#last?.group === message.group && this.#last.item.isConnected)
      return this.#countOneMore(message)
    if (!this.#hasRoom()) return this.#holdBack(id)
    const alerts = message.level >= ERROR ? document.querySelector('[data-live-alerts]') : null
    const item = itemOf(message)
    listIn(alerts ?? this.region).append(item)
    this.#last = { group: message.group, item, count: 1 }
    this.#hasShown(message, item)
  }

  /** @param {string[]} ids were shown by another tab */
  drop(ids) {
    const before = this.#heldBack.size
    for (const id of ids) this.#heldBack.delete(id)
    if (this.#heldBack.size < before) this.#tellOfRest()
  }

  /** @param {LiveMessage} message did it wait when the page was made, for a page with more room? */
  #isOld({ time }) {
    const { after } = this.region.dataset
    return after !== undefined && Date.parse(time) <= Date.parse(after)
  }

  /** @param {LiveMessage} message equal to the one before it */
  #countOneMore(message) {
    const last = this.#last
    if (!last) return
    last.count += 1
    for (const place of last.item.querySelectorAll('[data-count]')) {
      place.textContent = withCount(place.getAttribute('data-count'), last.count)
      place.removeAttribute('hidden')
    }
    this.#hasShown(message, last.item)
  }

  /** @param {LiveMessage} message @param {HTMLElement} item in which it stands */
  #hasShown(message, item) {
    this.#own.set(message.id, { item, since: Date.now() })
    item.dispatchEvent(new CustomEvent('tidings:message', { bubbles: true, detail: message }))
  }

  #hasRoom() {
    const standing = [...this.#own.values()].filter(({ item }) => item.isConnected)
    if (new Set(standing.map(({ item }) => item)).size < Number(this.region.dataset.limit || 10)) return true
    const [oldest] = standing
    if (!oldest || Date.now() - oldest.since < STANDS) return false
    if (oldest.item.contains(document.activeElement)) return false
    oldest.item.remove()
    return true
  }

  /** @param {string} id */
  #holdBack(id) {
    this.#heldBack.add(id)
    this.#tellOfRest()
  }

  #tellOfRest() {
    const count = this.#heldBack.size
    this.region.dispatchEvent(new CustomEvent('tidings:waiting', { bubbles: true, detail: { count } }))
    const line = document.querySelector('[data-live-more]')
    if (!(line instanceof HTMLElement)) return
    line.textContent = withCount(line.dataset.liveMore, count)
    line.hidden = count === 0
  }
}

/** Tells the server what was shown, until it has answered that it knows. */
class Confirmations {
  /** @type {Set<string>} */
  #ids = new Set()
  #isSending = false
  #failures = 0

  /** @param {HTMLElement} region @param {(ids: string[]) => void} onConfirmed */
  constructor(region, onConfirmed) {
    this.region = region
    this.onConfirmed = onConfirmed
  }

  /** @param {string} id */
  add(id) {
    this.#ids.add(id)
    if (!this.#isSending) void this.#send()
  }

  /** @param {string[]} ids */
  drop(ids) {
    for (const id of ids) this.#ids.delete(id)
  }

  async #send() {
    this.#isSending = true
    while (this.#ids.size > 0) {
      const ids = [...this.#ids].slice(0, IDS_AT_ONCE)
      const wait = await this.#post(ids)
      if (wait > 0) {
        await new Promise(resolve => setTimeout(resolve, wait))
        continue
      }
      this.#failures = 0
      this.drop(ids)
      this.onConfirmed(ids)
    }
    this.#isSending = false
  }

  /** @param {string[]} ids @returns {Promise<number>} 0, or how long to wait before the next try, in ms */
  async #post(ids) {
    const { confirm, csrf } = this.region.dataset
    const token = csrf ?? document.querySelector('meta[name="csrf-token"]')?.getAttribute('content')
    const wait = jittered(Math.min(MINUTE, SECOND * 2 ** this.#failures++))
    try {
      const answer = await fetch(confirm || '/messages/confirm', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token ? { 'x-csrf-token': token } : {}) },
        // Some applications look for the token where it is in a form.
        body: JSON.stringify(token ? { ids, _csrf: token } : { ids }),
        redirect: 'manual', // a login page is no confirmation
        keepalive: true, // the reader may be leaving the page
        signal: AbortSignal.timeout?.(10 * SECOND),
      })
      return answer.ok ? 0 : Math.max(wait, SECOND * Number(answer.headers.get('retry-after')) || 0)
    } catch {
      return wait
    }
  }
}

/** @param {Element} place */
function listIn(place) {
  const list = place.querySelector('ul.messages') ?? document.createElement('ul')
  list.classList.add('messages')
  if (!list.isConnected) place.append(list)
  return list
}

/**
 * By the page's own template, where it has one. Texts are set as text, whatever they hold.
 * @param {LiveMessage} message
 */
function itemOf(message) {
  const template = document.querySelector('template[data-live-message]')
  const own = template instanceof HTMLTemplateElement ? template.content.firstElementChild : null
  const item = /** @type {HTMLElement} */ (own?.cloneNode(true) ?? plainItem())
  item.classList.add(...(message.tags ?? '').split(/\s+/).filter(Boolean))
  item.dataset.messageId = message.id
  for (const field of item.querySelectorAll('[data-field]')) {
    field.textContent = String(message[field.getAttribute('data-field') ?? ''] ?? '')
  }
  for (const anchor of item.querySelectorAll('a[data-link]')) {
    const { href = '', text = href } = message.link ?? {}
    if (!/^(\/(?![/\\])|https?:\/\/)/i.test(href)) anchor.remove()
    anchor.setAttribute('href', href)
    anchor.textContent = text
  }
  return item
}

function plainItem() {
  const item = document.createElement('li')
  const text = document.createElement('bdi')
  text.dir = 'auto'
  text.dataset.field = 'text'
  const link = document.createElement('a')
  link.dataset.link = ''
  item.append(text, ' ', link)
  return item
}

/** @param {string | null | undefined} text @param {number} count */
const withCount = (text, count) => (text || '{count}').replace('{count}', String(count))

const isVisible = () => document.visibilityState === 'visible'

/** @param {number} ms */
const jittered = ms => ms * (0.5 + Math.random() / 2)

const region = document.querySelector('[data-live-messages]')
if (region instanceof HTMLElement) startLiveMessages(region)
