// A child for the supervisor: says that it is ready, then does as it is told.
import { writeSync } from 'node:fs'

const [behaviour] = process.argv.slice(2)
const say = fields =>
  writeSync(1, `${JSON.stringify({ level: 30, time: Date.now(), pid: process.pid, name: 'x', ...fields })}\n`)

if (behaviour === 'refuse') {
  console.error('Port 3000 is taken. Set PORT to another.')
  process.exit(78)
}
let stops = 0
process.on('SIGTERM', () => {
  stops += 1
  say({ msg: `told to stop ${stops}` })
  if (behaviour !== 'stubborn') setTimeout(() => process.exit(0), 50)
})
if (behaviour !== 'never-ready') say({ msg: 'at work', ready: true, child: process.pid })
if (behaviour === 'crash') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20)
if (behaviour === 'fail') setTimeout(() => process.exit(3), 20)
if (behaviour === 'talk') {
  say({ msg: 'typed \u001b[2J by a user\nworker │ forged', label: 'two words' })
  writeSync(1, 'no json \u001b[31m here\n')
}
setInterval(() => {}, 1_000)
