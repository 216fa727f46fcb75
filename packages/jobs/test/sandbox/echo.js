// What a sandboxed job does in the tests: its input says what.
import { setTimeout as pause } from 'node:timers/promises'
// Not the entry: vitest's conditions would have plain Node look for other packages' sources.
import { JobFailure } from '../../dist/job-failure.js'
import { partial } from '../../dist/partial-result.js'

// biome-ignore lint/style/noDefaultExport: a sandboxed job's module has its work as the default export
export default async function echo({ input, owner, jobId, attempt, attempts, progress, signal, log }) {
  switch (input.how) {
    case 'facts':
      return { input, owner, jobId, attempt, attempts, pid: process.pid }
    case 'partial':
      return partial({ rows: 2 })
    case 'progress':
      await progress(10, 'begun')
      await progress({ step: 2, of: 4, text: 'half' })
      return 1
    case 'log':
      log.child({ part: 1 }).info({ rows: 2, fn() {}, err: new Error('mine') }, 'a line')
      return 1
    case 'failure':
      throw new JobFailure('It is empty.', { retry: true })
    case 'error':
      throw new Error('postgres://user:secret@db')
    case 'unrecoverable':
      throw Object.assign(new Error('no use'), { name: 'UnrecoverableError' })
    case 'string':
      throw 'a string'
    case 'exit':
      return process.exit(input.code ?? 0)
    case 'killed':
      return process.kill(process.pid, 'SIGKILL')
    case 'uncaught':
      setTimeout(() => {
        throw new Error('from a timer')
      })
      return pause(60_000)
    case 'uncaught later':
      setTimeout(() => {
        throw new Error('from a timer of before')
      }, 10)
      return 1
    case 'unclonable':
      return { fn() {} }
    case 'disconnect':
      process.disconnect()
      return pause(60_000)
    case 'heeds':
      await progress(1, String(process.pid))
      await pause(60_000, undefined, { signal }).catch(() => {})
      await progress(2, `${signal.reason.name} ${signal.reason.code}`)
      throw signal.reason
    case 'hangs':
      await progress(1, String(process.pid))
      return pause(60_000)
    case 'blocks':
      await progress(1, String(process.pid))
      for (;;);
  }
}
