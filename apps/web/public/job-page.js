// A job's page follows its job: the server sends the block `.job` anew when something has changed, and what differs is put in
// its place. The stream is open only while the job hasn't ended and the page is looked at. Without this, there is a link.

const SAY_EVERY = 10_000
const SAY_STEP = 25
const COME_BACK = 15_000

let stream
let timer
let said = { state: '', percent: 0, at: 0 }

const job = document.querySelector('.job')
if (job) {
  said = { state: job.dataset.state, percent: Number(job.dataset.percent ?? 0), at: Date.now() }
  follow()
  document.addEventListener('visibilitychange', follow)
  // A page out of the browser's cache stands as it was left.
  addEventListener('pageshow', ({ persisted }) => persisted && follow())
  addEventListener('pagehide', leave)
}

function follow() {
  if (document.visibilityState === 'hidden' || !job.dataset.stream) return leave()
  if (stream) return
  clearTimeout(timer)
  stream = new EventSource(job.dataset.stream)
  stream.addEventListener('job', ({ data }) => update(JSON.parse(data).html))
  // Another page of the same person took this one's place: it goes on when it is looked at again.
  stream.addEventListener('retired', leave)
  stream.addEventListener('error', () => {
    if (stream?.readyState !== EventSource.CLOSED) return
    leave()
    timer = setTimeout(follow, COME_BACK * (1 + Math.random()))
  })
}

function leave() {
  clearTimeout(timer)
  stream?.close()
  stream = undefined
}

function update(html) {
  const next = new DOMParser().parseFromString(html, 'text/html').querySelector('.job')
  if (!next) return
  for (const part of next.querySelectorAll('[data-part]')) {
    const old = job.querySelector(`[data-part="${part.dataset.part}"]`)
    if (old && bare(old) !== bare(part)) replace(old, part)
  }
  for (const name of Object.keys(job.dataset)) if (!(name in next.dataset)) delete job.dataset[name]
  Object.assign(job.dataset, next.dataset)
  say()
  if (!job.dataset.stream) leave()
}

/** Puts a part in another's place. Who was on something in it stays on it, or where it is gone, on the state. */
function replace(old, part) {
  const focused = old.contains(document.activeElement) ? document.activeElement : undefined
  const fresh = document.importNode(part, true)
  old.replaceWith(fresh)
  if (!focused) return
  const same = focused.id ? document.getElementById(focused.id) : fresh.querySelector('[tabindex]')
  const place = same ?? job.querySelector('.now')
  place.focus({ preventScroll: true })
}

/** A part without what differs each time that it is rendered, and what other scripts did to it. */
function bare(part) {
  const copy = part.cloneNode(true)
  for (const input of copy.querySelectorAll('[type=hidden]')) input.removeAttribute('value')
  for (const time of copy.querySelectorAll('time')) time.replaceWith(time.dateTime)
  for (const button of copy.querySelectorAll('button')) {
    button.removeAttribute('disabled')
    button.removeAttribute('aria-busy')
  }
  return copy.innerHTML
}

/** Each new state is said, and of the progress not more than one needs: each quarter, or every ten seconds. */
function say() {
  const { state, said: words } = job.dataset
  const percent = Number(job.dataset.percent ?? 0)
  const isDue = Math.abs(percent - said.percent) >= SAY_STEP || Date.now() - said.at >= SAY_EVERY
  if (state === said.state && !isDue) return
  said = { state, percent, at: Date.now() }
  document.getElementById('job-said').textContent = words
}
