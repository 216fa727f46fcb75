// The form speaks UTC. Here the field shows the reader's own time instead, and UTC is what is sent.
const field = document.getElementById('at')
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

if (field && zone && zone !== 'UTC') {
  const sent = document.createElement('input')
  sent.type = 'hidden'
  sent.name = field.name
  sent.value = field.defaultValue
  field.after(sent)
  field.removeAttribute('name')
  if (sent.value) field.value = asTyped(new Date(`${sent.value}Z`))
  field.addEventListener('input', () => {
    const time = new Date(field.value)
    sent.value = Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 19)
  })

  const now = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
  document.getElementById('at-zone').textContent = `in ${zone.replaceAll('_', ' ')}`
  document.getElementById('at-hint').textContent = `It is ${now.format(new Date())} now.`
}

// Who chooses a time means it.
field?.addEventListener('input', () => {
  const choice = document.querySelector('input[name="when"][value="at"]')
  if (field.value && choice) choice.checked = true
})

/** @param {Date} date */
function asTyped(date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().replace(/(:00)?\.000Z$/, '')
}
