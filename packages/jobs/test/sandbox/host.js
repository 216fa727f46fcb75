// A process with a sandboxed job in it, for tests that kill it. Prints the process id of the child when the job runs.
import { SandboxPool } from '../../dist/sandbox-pool.js'

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const ended = new SandboxPool().run(new URL('./echo.js', import.meta.url), {
  input: { how: process.argv[2] },
  owner: 'ada',
  jobId: 'j1',
  attempt: 1,
  attempts: 1,
  signal: new AbortController().signal,
  log,
  progress: async (_how, text) => console.log(text),
})
await ended.catch(() => {}) // told to whoever runs jobs, by their log
