// Who chooses a time means it.
const field = document.getElementById('at')
field?.addEventListener('input', () => {
  const choice = document.querySelector('input[name="when"][value="at"]')
  if (field.value && choice) choice.checked = true
})
