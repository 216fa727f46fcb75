// @ts-check
// Groups the inbox by the days of the reader's zone; the server has grouped it by those of UTC.

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full' })

const days = document.querySelector('.days')
const pattern = days?.querySelector('.day')
if (days && pattern) {
  /** @type {Map<string, Element>} */
  const groups = new Map()
  for (const item of days.querySelectorAll('ol.inbox > li')) {
    const day = DAY.format(new Date(item.querySelector('time')?.dateTime ?? ''))
    const group = groups.get(day) ?? newGroup(pattern, day)
    groups.set(day, group)
    group.querySelector('ol')?.append(item)
  }
  days.replaceChildren(...groups.values())
}

/** @param {Element} pattern @param {string} day */
function newGroup(pattern, day) {
  const group = /** @type {Element} */ (pattern.cloneNode(false))
  const heading = document.createElement('h2')
  heading.textContent = day
  const list = document.createElement('ol')
  list.className = 'inbox'
  group.append(heading, list)
  return group
}
