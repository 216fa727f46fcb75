// Supervises fake children: each argument is 'name=script,arg,arg'.
import { fileURLToPath } from 'node:url'
import { printLine, stopRequests, supervise } from '../../dist/supervisor.js'

const children = process.argv.slice(2).map(argument => {
  const [name, command] = argument.split('=')
  const [script, ...args] = command.split(',')
  return {
    name,
    command: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args],
    isReady: record => record.ready === true,
  }
})
process.exitCode = await supervise({
  children,
  backoff: { first: 20, longest: 80, reset: Number(process.env.RESET ?? 60_000) },
  stopLimit: Number(process.env.STOP_LIMIT ?? 10_000),
  readyLimit: Number(process.env.READY_LIMIT ?? 10_000),
  whenReady: () => printLine('all ready'),
  release: async () => printLine('released'),
  stop: stopRequests(),
})
