// @ts-check
// Shows times in the reader's own zone. The server, which doesn't know it, writes them in UTC and says so.

const DAY = /** @type {const} */ ({ day: 'numeric', month: 'short', year: 'numeric' })
const CLOCK = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })

/** What the server writes (src/shown-time.ts), and how it is said in the reader's zone. */
const FORMS = [
  {
    written: /^\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC$/,
    said: new Intl.DateTimeFormat('en-GB', { ...DAY, ...CLOCK }),
  },
  { written: /^\d\d:\d\d UTC$/, said: new Intl.DateTimeFormat('en-GB', CLOCK) },
  {
    written: /^\d\d:\d\d:\d\d UTC$/,
    said: new Intl.DateTimeFormat('en-GB', { ...CLOCK, second: '2-digit' }),
  },
  { written: /^\d{1,2} [A-Z][a-z]+ \d{4}$/, said: new Intl.DateTimeFormat('en-GB', DAY) },
]

/** @param {HTMLTimeElement} time */
function sayHere(time) {
  const written = (time.textContent ?? '').trim()
  const form = FORMS.find(each => each.written.test(written))
  const date = new Date(time.dateTime)
  if (!form || Number.isNaN(date.getTime())) return
  const text = form.said.format(date)
  // Writing the same again would go on for ever: each writing is a change that is looked at.
  if (text === written) return
  time.title = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  time.textContent = text
}

/** @param {Node} node */
function sayAllIn(node) {
  const element = node instanceof Element ? node : node.parentElement
  const own = element?.closest('time')
  if (own) sayHere(own)
  for (const time of element?.querySelectorAll('time') ?? []) sayHere(time)
}

sayAllIn(document.body)
// Pages that keep themselves up to date put new times in.
new MutationObserver(changes => {
  for (const { target, addedNodes } of changes) for (const node of [target, ...addedNodes]) sayAllIn(node)
}).observe(document.body, { childList: true, subtree: true })
