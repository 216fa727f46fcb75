// @ts-check
// The dashboard of the queues is @bull-board's own page, whose buttons show an icon and have no name. This gives them one, wherever
// the page puts them.

/** By the icon (lucide's name of it); any other is named after its icon. */
const NAMES = new Map([
  ['maximize', 'Full screen'],
  ['minimize', 'Leave full screen'],
  ['settings', 'Settings'],
  ['circle-user', 'Other pages'],
  ['ellipsis-vertical', 'More'],
  ['x', 'Close'],
])

/** @param {Element} button */
function nameOf(button) {
  const icon = /lucide-([\w-]+)/.exec(button.querySelector('svg')?.getAttribute('class') ?? '')?.[1]
  if (icon === undefined) return 'More'
  const word = icon.replaceAll('-', ' ')
  return NAMES.get(icon) ?? word.charAt(0).toUpperCase() + word.slice(1)
}

function nameAll() {
  for (const button of document.querySelectorAll('button, [role="button"]')) {
    const isNamed =
      button.getAttribute('aria-label') || button.getAttribute('title') || button.textContent?.trim()
    if (!isNamed && !button.hasAttribute('aria-labelledby')) button.setAttribute('aria-label', nameOf(button))
  }
  // A list that says it is none.
  for (const list of document.querySelectorAll('ul[role="navigation"]')) list.removeAttribute('role')
}

nameAll()
new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true })
