import { hostname } from 'node:os'
import { z } from 'zod'
import { newId } from './job-id.ts'
import type { JobQueue } from './job-queue.ts'
import { OwnScript } from './script.ts'
import { withinTime } from './within-time.ts'

const SECOND = 1000
const BEAT = 5 * SECOND
// Twice a beat may get lost.
const LIFETIME = 3 * BEAT
// Nothing hangs on it: a worker neither begins nor ends later for it.
const PATIENCE = SECOND

const WORKERS = new OwnScript('workers')

const factsSchema = z.object({
  host: z.string(),
  pid: z.int(),
  node: z.string(),
  version: z.string().optional(),
  since: z.number(),
  concurrency: z.int(),
  running: z.int(),
})

type Facts = z.output<typeof factsSchema>

/** A worker that lives, as it said itself. */
export interface LivingWorker {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** The version of Node. */
  readonly node: string
  /** What `work` was given as `version`. */
  readonly version?: string | undefined
  readonly since: Date
  /** How long ago it was last heard, ms: workers speak every 5 s, and are taken for dead after 15. */
  readonly heard: number
  /** Jobs that it may run side by side, and that it ran when it was last heard. */
  readonly concurrency: number
  readonly running: number
}

/** A worker's entry among those that live: says every few seconds that it is there, until it leaves. */
export class RegisteredWorker {
  readonly #jobs: JobQueue
  readonly #id = newId()
  readonly #facts: () => Facts
  readonly #beating: NodeJS.Timeout

  /** @param jobs the queue of the first shard: a worker serves all of them, and is entered once */
  static async enter(
    jobs: JobQueue,
    facts: Pick<LivingWorker, 'version' | 'concurrency'>,
    running: () => number,
  ): Promise<RegisteredWorker> {
    const worker = new RegisteredWorker(jobs, facts, running)
    await worker.#say(JSON.stringify(worker.#facts()))
    return worker
  }

  private constructor(
    jobs: JobQueue,
    facts: Pick<LivingWorker, 'version' | 'concurrency'>,
    running: () => number,
  ) {
    this.#jobs = jobs
    const fixed = {
      host: hostname(),
      pid: process.pid,
      node: process.versions.node,
      since: Date.now(),
      ...facts,
    }
    this.#facts = () => ({ ...fixed, running: running() })
    this.#beating = setInterval(() => void this.#say(JSON.stringify(this.#facts())), BEAT)
    this.#beating.unref()
  }

  async leave(): Promise<void> {
    clearInterval(this.#beating)
    await this.#say('')
  }

  async #say(facts: string): Promise<void> {
    try {
      await withinTime(PATIENCE, run(this.#jobs, this.#id, facts))
    } catch (err) {
      this.#jobs.options.log.debug({ err }, 'the worker could not say that it is there')
    }
  }
}

/** The workers that live, those that have lived longest first. */
export async function livingWorkers(jobs: JobQueue): Promise<LivingWorker[]> {
  const reply = z.array(z.string()).parse(await run(jobs, '', ''))
  const workers: LivingWorker[] = []
  for (let i = 0; i < reply.length; i += 3) {
    const facts = factsSchema.safeParse(JSON.parse(reply[i + 2] ?? '')).data
    if (!facts) continue // of another version of this package
    const { since, ...rest } = facts
    workers.push({ id: reply[i] ?? '', ...rest, since: new Date(since), heard: Number(reply[i + 1]) })
  }
  return workers.sort((a, b) => a.since.getTime() - b.since.getTime())
}

function run(jobs: JobQueue, id: string, facts: string): Promise<unknown> {
  return jobs.run(WORKERS, [jobs.key('workers')], [LIFETIME, id, facts])
}
