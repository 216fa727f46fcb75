// Loaded into each child by `--import`: when the supervisor was killed, the child stops in order instead of living on
// unseen, with the port taken.
const parent = process.ppid

setInterval(() => {
  if (process.ppid === parent) return
  process.kill(process.pid, 'SIGTERM')
}, 500).unref()
