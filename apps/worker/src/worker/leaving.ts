import type { JobWorker } from '@tidings/jobs'
import type { Logger } from '@tidings/runtime'
import type { StopRequests } from '@tidings/runtime/supervisor'
import { EXIT } from '../exit-code.ts'

/** How long leaving at once may take, ms. */
const LEAVE = 3_000

/** Why a worker leaves: a signal, its time is over, it took as many jobs as it should, or there are none left. */
export type Reason = 'signal' | 'time' | 'spent' | 'empty'

/** What leaving needs. */
export interface Leaving {
  workers: readonly JobWorker[]
  stop: StopRequests
  log: Logger
  /** How long running jobs may take to finish, ms: from the first signal, or the end of the worker's time. */
  grace: number
}

/**
 * Takes no more jobs, and waits for those that run.
 * @returns the exit code: 0 when each was finished, 1 when the time for that was over, 130 or 143 after a second signal.
 */
export async function leave(reason: Reason, { workers, stop, log, grace }: Leaving): Promise<number> {
  const running = () => workers.reduce((sum, worker) => sum + worker.running, 0)
  // Only where a signal has come already does the next one end it.
  const again = reason === 'signal' ? AGAIN : ''
  log.info({ running: running() }, `${WHY[reason]}${left(running(), again)}`)
  const isUrgent = reason === 'signal' || reason === 'time'
  if (reason !== 'signal')
    stop.first.then(() => log.info({ running: running() }, `stopping${left(running(), AGAIN)}`))
  const limit = timeLimit(grace, isUrgent ? Promise.resolve() : stop.first)
  const closed = Promise.all(workers.map(worker => worker.close())).then(() => 'closed' as const)
  const ended = await Promise.race([closed, limit.over, stop.second])
  limit.clear()
  if (ended === 'closed') {
    log.info({}, 'stopped')
    return EXIT.ok
  }
  log.warn({ running: running() }, 'leaving at once: what ran goes back to the queue')
  const code = ended === 'late' ? EXIT.failure : ended === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  // Nor may a Redis that hangs keep the process: another worker finds out by itself that it is gone.
  setTimeout(() => process.exit(code), LEAVE).unref()
  await Promise.all(workers.map(worker => worker.close({ force: true })))
  return code
}

const WHY: Record<Reason, string> = {
  signal: 'stopping',
  time: 'its time is over: stopping',
  spent: 'it has taken as many jobs as it should: leaving',
  empty: 'no job waits any more: leaving',
}

const AGAIN = '; once more to leave at once'

function left(running: number, again: string): string {
  if (running === 0) return ''
  return `: ${running} running ${running === 1 ? 'job is' : 'jobs are'} finished first${again}`
}

function timeLimit(ms: number, from: Promise<unknown>): { over: Promise<'late'>; clear(): void } {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const over = new Promise<'late'>(resolve => {
    from.then(() => {
      if (!isOver) timer = setTimeout(() => resolve('late'), ms)
    })
  })
  const clear = () => {
    isOver = true
    clearTimeout(timer)
  }
  return { over, clear }
}
