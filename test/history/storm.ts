import { setTimeout as pause } from 'node:timers/promises'
import type { CrashingRedis } from './crashing-redis.ts'
import type { Crew } from './crew.ts'
import type { PlannedFault } from './fault-plan.ts'
import type { History } from './history.ts'
import type { PlannedJob } from './job-plan.ts'

/** Asks for a job; gives its id. Rejects where no answer comes. */
export type Ask = (job: PlannedJob) => Promise<string>

/** Who asks for what, and for how long. */
export interface Asking {
  readonly history: History
  readonly jobs: readonly PlannedJob[]
  readonly ask: Ask
  /** ms. */
  readonly lasts: number
}

/** Who acts, and for how long. */
export interface Storm extends Asking {
  readonly crew: Crew
  readonly redis: CrashingRedis
  readonly faults: readonly PlannedFault[]
  /** The longest pause of a worker and the longest outage of Redis, ms. */
  readonly longest: { readonly pause: number; readonly outage: number }
  /** Told of what is done. */
  readonly say?: (text: string) => void
}

/** Has jobs asked for while faults strike, each at its time; over when all have been asked for and nothing is stopped. */
export async function storm(plan: Storm): Promise<void> {
  const until = clock(plan.lasts)
  const asking = askForAll(plan)
  // Two outages of Redis don't overlap; everything else may.
  let crashes = Promise.resolve()
  const striking = plan.faults.map(async fault => {
    await until(fault.at)
    if (fault.what === 'kill a worker') await plan.crew.kill()
    else if (fault.what === 'pause a worker')
      await plan.crew.pause(plan.longest.pause * (0.5 + fault.length / 2))
    else {
      crashes = crashes.then(() => crash(fault, plan))
      await crashes
    }
  })
  await Promise.all([asking, ...striking])
}

/** Has jobs asked for, each at its time. */
export async function askForAll(plan: Asking): Promise<void> {
  const until = clock(plan.lasts)
  const asking = plan.jobs.map(async job => {
    await until(job.at)
    await askFor(job, plan)
  })
  await Promise.all(asking)
}

function clock(lasts: number): (at: number) => Promise<void> {
  const began = performance.now()
  return at => pause(Math.max(0, began + at * lasts - performance.now()))
}

async function askFor(job: PlannedJob, { history, ask }: Asking): Promise<void> {
  history.invoked(job.label, job.owner, job.may)
  for (;;) {
    try {
      return history.ok(job.label, await ask(job))
    } catch {
      history.unknown(job.label)
      if (!job.insists) return
      await pause(50)
    }
  }
}

async function crash(
  { what, length, cut }: PlannedFault,
  { history, redis, longest, say }: Storm,
): Promise<void> {
  const isCut = what === 'crash Redis and cut'
  const lost = await redis.crash({
    down: () => pause(length * longest.outage),
    ...(isCut && { cut }),
  })
  if (isCut) history.cut(lost.text, lost.at)
  say?.(isCut ? `Redis killed, ${lost.text.length} bytes of its file lost` : 'Redis killed')
}
