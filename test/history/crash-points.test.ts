import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { expect, it, vi } from 'vitest'
import { start, type TidingsProcess } from '../process.ts'
import { testRedis } from '../redis.ts'
import { EagerReader } from './eager-reader.ts'
import { noteTheEnd } from './ending-of-all.ts'
import { ENDINGS, type EndingName, endingJob } from './endings.mjs'
import { History } from './history.ts'

// Up to five processes one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const { redis, url } = testRedis()
const OWNER = 'alice'
const LABEL = 'the job'
const NOTHING_WRONG = { lost: [], doubled: [], contradictory: [], mismatched: [], unexpected: [] }
let points = 0

/** A step in the talk of a process with Redis, as crash.mjs takes it. */
interface Step {
  readonly script: string
  readonly when: 'before' | 'after'
  readonly nth?: number
  readonly reply?: string
}

const WORKER: { title: string; ending: EndingName; step: Step; ms?: number }[] = [
  {
    title: 'after it has taken the job, before it knows',
    ending: 'success',
    step: { script: 'moveToActive', when: 'after', reply: LABEL },
  },
  {
    title: 'just before it says that the job is done',
    ending: 'success',
    step: { script: 'moveToFinished', when: 'before' },
  },
  {
    title: 'after that was done, before it reads the reply',
    ending: 'success',
    step: { script: 'moveToFinished', when: 'after' },
  },
  {
    title: 'just before it says that the job is done in part',
    ending: 'partial',
    step: { script: 'moveToFinished', when: 'before' },
  },
  {
    title: 'after that was done in part, before it reads the reply',
    ending: 'partial',
    step: { script: 'moveToFinished', when: 'after' },
  },
  {
    title: 'just before it says that the job has failed',
    ending: 'refuses',
    step: { script: 'moveToFinished', when: 'before' },
  },
  {
    title: 'after the job has failed, before it reads the reply',
    ending: 'refuses',
    step: { script: 'moveToFinished', when: 'after' },
  },
  {
    title: 'just before progress is written',
    ending: 'success',
    step: { script: 'updateProgress', when: 'before' },
  },
  {
    title: 'after progress was written, before it reads the reply',
    ending: 'success',
    step: { script: 'updateProgress', when: 'after' },
  },
  {
    title: 'just before a retry is scheduled',
    ending: 'flaky',
    step: { script: 'moveToDelayed', when: 'before' },
  },
  {
    title: 'after a retry was scheduled, before it reads the reply',
    ending: 'flaky',
    step: { script: 'moveToDelayed', when: 'after' },
  },
  {
    title: 'just before the last of three attempts is told as the end',
    ending: 'fails',
    step: { script: 'moveToFinished', when: 'before' },
  },
  {
    title: 'just before it renews its lock',
    ending: 'slow',
    ms: 1_000,
    step: { script: 'extendLocks', when: 'before' },
  },
  {
    title: 'after its lock was renewed, before it reads the reply',
    ending: 'slow',
    ms: 1_000,
    step: { script: 'extendLocks', when: 'after' },
  },
]

for (const { title, ending, step, ms = 0 } of WORKER) {
  it(`exactly one outcome when a worker dies ${title}`, async () => {
    const scene = await Scene.with(ending, ms)
    await scene.dies(scene.worker({ CRASH: JSON.stringify(step) }))
    scene.worker()
    await scene.endsWell()
  })
}

it('exactly one outcome when a worker is killed while the job runs', async () => {
  const scene = await Scene.with('slow', 300)
  const worker = scene.worker()
  await worker.logged(({ msg }) => msg === 'job started')
  await worker.end('SIGKILL')
  scene.worker()
  await scene.endsWell()
})

const STALLED: { title: string; step: Step }[] = [
  {
    title: 'just before it moves the job of a dead one back',
    step: { script: 'moveStalledJobsToWait', when: 'before', nth: 2 },
  },
  {
    title: 'after the job of a dead one was moved back, before it reads the reply',
    step: { script: 'moveStalledJobsToWait', when: 'after', reply: '[\\w-]{20}' },
  },
]

for (const { title, step } of STALLED) {
  it(`exactly one outcome when a worker dies ${title}`, async () => {
    const scene = await Scene.with('slow', 300)
    const first = scene.worker()
    await first.logged(({ msg }) => msg === 'job started')
    await first.end('SIGKILL')
    await scene.dies(scene.worker({ CRASH: JSON.stringify(step) }))
    scene.worker()
    await scene.endsWell()
  })
}

it.each(['before', 'after'] as const)(
  'exactly one outcome when a job kills each of its workers, and one more dies %s it is given up',
  async when => {
    const scene = await Scene.with('kills-always')
    for (let i = 0; i < 4; i++) await scene.dies(scene.worker())
    await scene.dies(scene.worker({ CRASH: JSON.stringify({ script: 'moveToFinished', when }) }))
    scene.worker()
    await scene.endsWell()
  },
)

const LEAVING: { title: string; env: Record<string, string> }[] = [
  { title: 'while it waits for the job', env: {} },
  {
    title: 'just before it hands the job back',
    env: { LEAVES: 'at-once', CRASH: JSON.stringify({ script: 'moveJobFromActiveToWait', when: 'before' }) },
  },
  {
    title: 'after the job was handed back, before it reads the reply',
    env: { LEAVES: 'at-once', CRASH: JSON.stringify({ script: 'moveJobFromActiveToWait', when: 'after' }) },
  },
]

for (const { title, env } of LEAVING) {
  it(`exactly one outcome when a worker is shut down and dies ${title}`, async () => {
    const scene = await Scene.with('slow', 600)
    const worker = scene.worker(env)
    await worker.logged(({ msg }) => msg === 'job started')
    worker.child.kill('SIGTERM')
    await worker.logged(({ msg }) => msg === 'leaving')
    if (!('CRASH' in env)) worker.child.kill('SIGKILL')
    await scene.dies(worker)
    scene.worker()
    await scene.endsWell()
  })
}

it('exactly one outcome when a worker is stopped past its lock, and wakes when another has done its job', async () => {
  const scene = await Scene.with('slow', 300)
  const zombie = scene.worker()
  await zombie.logged(({ msg }) => msg === 'job started')
  zombie.child.kill('SIGSTOP')
  const other = scene.worker()
  await other.logged(({ msg }) => msg === 'job ended: success')
  zombie.child.kill('SIGCONT')
  await zombie.logged(({ err }) => /moveToFinished/.test(String(err))) // its end was refused
  await scene.endsWell()
})

const ASKING: { title: string; when: 'before' | 'after'; asksAgain: boolean }[] = [
  { title: 'just before it is accepted, and asks again', when: 'before', asksAgain: true },
  {
    title: 'after it was accepted, before the reply is read, and asks again',
    when: 'after',
    asksAgain: true,
  },
  { title: 'after it was accepted, before the reply is read, and is gone', when: 'after', asksAgain: false },
]

for (const { title, when, asksAgain } of ASKING) {
  it(`exactly one outcome when whoever asks for a job dies ${title}`, async () => {
    const scene = new Scene('success')
    await scene.dies(scene.asks({ CRASH: JSON.stringify({ script: 'addStandardJob', when }) }))
    scene.history.unknown(LABEL)
    if (asksAgain) {
      const { id } = await scene.asks().logged(({ msg }) => msg === 'enqueued')
      scene.history.ok(LABEL, String(id))
    }
    scene.worker()
    await scene.endsWell()
  })
}

/** One job, the processes that have to do with it, and somebody who reads all that comes. */
class Scene {
  readonly history = new History()
  readonly #prefix = `{crash-${Date.now()}-${++points}}`
  readonly #store = new RedisMessageStore({ redis, prefix: this.#prefix })
  readonly #reader = new EagerReader(this.history, this.#store, [OWNER])
  readonly #input: { label: string; ending: EndingName; ms: number }
  readonly #processes: TidingsProcess[] = []

  constructor(ending: EndingName, ms = 0) {
    this.#input = { label: LABEL, ending, ms }
    this.history.invoked(LABEL, OWNER, ENDINGS[ending])
  }

  /** A scene whose job was accepted. */
  static async with(ending: EndingName, ms = 0): Promise<Scene> {
    const scene = new Scene(ending, ms)
    const job = endingJob()
    const jobs = createJobs({ redis, store: scene.#store, definitions: [job] })
    const { id } = await jobs.enqueue(job, scene.#input, { owner: OWNER })
    scene.history.ok(LABEL, id)
    await jobs.close()
    return scene
  }

  worker(env: Record<string, string> = {}): TidingsProcess {
    return this.#start(['test/history/worker.mjs'], { LOCK: '500', STALLED: '250', LOG: 'all', ...env })
  }

  /** Somebody asks for the job, from a process of their own. */
  asks(env: Record<string, string> = {}): TidingsProcess {
    return this.#start(['test/history/enqueue.mjs', JSON.stringify(this.#input)], {
      OWNER,
      KEY: 'the form',
      ...env,
    })
  }

  /** Waits for a process to be killed: one that ends otherwise never came to the step that was meant. */
  async dies(process: TidingsProcess): Promise<void> {
    expect(await process.ended).toEqual({ code: null, signal: 'SIGKILL' })
  }

  async endsWell(): Promise<void> {
    await noteTheEnd(this.history, { redis, store: this.#store, owners: [OWNER] }, 30_000)
    await this.#reader.stop()
    await Promise.all(this.#processes.map(process => process.end('SIGKILL')))
    const { counts, inCutTails: _, ...faults } = this.history.verdict()
    expect(faults).toEqual(NOTHING_WRONG)
    expect(counts.outcomes).toBe(1)
  }

  #start(command: string[], env: Record<string, string>): TidingsProcess {
    const process = start(command, { REDIS_URL: url, PREFIX: this.#prefix, ...env })
    this.#processes.push(process)
    return process
  }
}
