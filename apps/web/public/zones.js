// @ts-check
// Fields for date and time are in UTC, and say so. Here they are in the reader's own zone: its name is sent along in the form's
// field `zone`, and the server works out the moment. A form that comes back keeps the zone in which it was filled in.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

for (const field of document.querySelectorAll('input[name="zone"]'))
  if (field instanceof HTMLInputElement && field.value === '' && zone && zone !== 'UTC') useZone(field)

/** @param {HTMLInputElement} field */
function useZone(field) {
  field.value = zone
  const form = /** @type {HTMLFormElement} */ (field.form)
  for (const time of /** @type {NodeListOf<HTMLInputElement>} */ (
    form.querySelectorAll('[type="datetime-local"]')
  ))
    if (time.value) time.value = asTyped(new Date(`${time.value}Z`))
  for (const place of form.querySelectorAll('[data-zone]'))
    place.textContent = `in ${zone.replaceAll('_', ' ')}`
  const now = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
  for (const place of form.querySelectorAll('[data-now]'))
    place.textContent = `It is ${now.format(new Date())} now.`
}

/** As a field of this kind holds it. @param {Date} date */
function asTyped(date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().replace(/(:00)?\.000Z$/, '')
}
