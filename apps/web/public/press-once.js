// A button that was pressed can't be pressed again while the answer is on its way. The server would not do it twice either.

const ANSWER_WITHIN = 10_000

addEventListener('submit', event => {
  const form = event.target
  if (event.defaultPrevented || !form.matches('[data-press-once]')) return
  // In a task of its own: what is disabled is not sent.
  setTimeout(() => setPressed(form, true))
  // Where no page came of it, one may try again.
  setTimeout(() => setPressed(form, false), ANSWER_WITHIN)
})

// A page that comes back by the back button, or keeps its state over a reload, comes back with the button free.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('[data-press-once]')) setPressed(form, false)
})

function setPressed(form, isPressed) {
  for (const button of form.querySelectorAll('[type=submit]')) {
    button.disabled = isPressed
    if (isPressed) button.setAttribute('aria-busy', 'true')
    else button.removeAttribute('aria-busy')
  }
}
