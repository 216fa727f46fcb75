import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as BullMQ from 'bullmq'
import type { Redis } from 'ioredis'

const require = createRequire(import.meta.url)

/** Where the BullMQ is that is looked at: the installed one, or that of the folder in `CONTRACT_BULLMQ`. */
export const folder = process.env.CONTRACT_BULLMQ ?? dirname(require.resolve('bullmq/package.json'))
export const installed = require(join(folder, 'package.json')) as { version: string }
export const bullmq = require(folder) as Partial<typeof BullMQ>

/** Every script that is shipped, with what it includes. */
export const shipped = require(join(folder, 'dist/cjs/scripts')) as Record<
  string,
  { name: string; content: string; keys: number } | undefined
>

/** A script that BullMQ ran: what it was given, and what it answered. */
export interface Call {
  readonly name: string
  readonly args: readonly (string | number | Buffer)[]
  readonly reply: unknown
}

/** What was seen of jobs from their beginning to their end. */
export interface Life {
  readonly key: (name: string) => string
  /** The private parts of the backend. */
  readonly backend: Record<string, unknown>
  readonly client: { scriptsSet?: Record<string, { lua?: string; numberOfKeys?: number } | undefined> }
  readonly calls: readonly Call[]
  /** The stored job at each stage, by the job's id. */
  readonly waiting: Readonly<Record<string, Record<string, string>>>
  readonly active: Record<string, string>
  readonly ended: Readonly<Record<string, Record<string, string>>>
  /** What holds a job that hasn't ended, by the job's id. */
  readonly places: Readonly<Record<string, readonly string[]>>
  /** The job that holds a unique key. */
  readonly unique: string | null
  /** The code of the error that a refusal of ours becomes. */
  readonly refusal: unknown
  /** What the worker's overridden methods were given. */
  readonly created: readonly unknown[][]
  readonly fetched: number
}

const PLACES = ['wait', 'paused', 'active', 'prioritized', 'delayed', 'waiting-children'] as const

/**
 * Does with BullMQ what this package does: adds jobs of every kind, runs them, ends them, is refused, tries one again.
 * @throws what BullMQ throws where it can't be used like this.
 */
export async function recordLife(redis: Redis, prefix: string): Promise<Life> {
  const { Queue, Worker, UnrecoverableError, createRedisBackend } = bullmq
  if (!Queue || !Worker || !UnrecoverableError || !createRedisBackend)
    throw new Error(`BullMQ ${installed.version} has no backend that can be made with createRedisBackend`)
  const calls: Call[] = []
  const backends: Record<string, unknown>[] = []
  let isRefusing = false
  const factory: BullMQ.BackendFactory<BullMQ.RedisQueueBackend> = (name, options, extra) => {
    const backend = createRedisBackend(name, options, extra)
    const inner = backend as unknown as Record<string, unknown> & { execCommand: Execute }
    const execute = inner.execCommand
    inner.execCommand = async function (client, script, args) {
      if (isRefusing) return -1001
      const reply = await execute.call(this, client, script, args)
      calls.push({ name: script, args, reply })
      return reply
    }
    backends.push(inner)
    return backend
  }
  const name = 'contract'
  const key = (part: string) => `${prefix}:${name}:${part}`
  const queue = new Queue(name, { connection: redis, prefix }, factory)

  const add = (jobId: string, options: BullMQ.JobsOptions = {}) =>
    queue.add('named', { owner: 'alice' }, { ...options, jobId })
  await add('job-standard')
  await add('job-stolen')
  await add('job-failing')
  await add('job-prioritized', { priority: 7 })
  await add('job-delayed', { delay: 60_000 })
  await add('job-unique', { deduplication: { id: 'one' } })
  const unique = await redis.get(key('de:one'))
  isRefusing = true
  const refusal = await add('job-refused').catch(error => error.code)
  isRefusing = false
  await queue.upsertJobScheduler('clock', { every: 1000 }, { name: 'named', data: { owner: 'alice' } })
  const scheduled = (await queue.getJobSchedulers())[0]?.next
  const ids = ['job-standard', 'job-prioritized', 'job-delayed', 'job-unique', `repeat:clock:${scheduled}`]
  const stored = (id: string) => redis.hgetall(key(id))
  const waiting = Object.fromEntries(
    await Promise.all(ids.map(async id => [id.replace(/^repeat.*/, 'scheduled'), await stored(id)] as const)),
  )
  const places: Record<string, string[]> = {}
  const place = async () => {
    for (const part of PLACES) {
      const isList = (await redis.type(key(part))) === 'list'
      const held = isList ? await redis.lrange(key(part), 0, -1) : await redis.zrange(key(part), '0', '-1')
      for (const id of held) places[id] = [...(places[id] ?? []), part]
    }
  }
  await place()

  const created: unknown[][] = []
  let fetched = 0
  class Watched extends Worker {
    protected override createJob(...args: Parameters<BullMQ.Worker['createJob']>): BullMQ.Job {
      created.push(args)
      return super.createJob(...args)
    }
    protected override moveToActive(...args: Parameters<BullMQ.Worker['moveToActive']>) {
      fetched++
      return super.moveToActive(...args)
    }
  }
  let active: Record<string, string> = {}
  const connection = redis.duplicate({ maxRetriesPerRequest: null, commandTimeout: undefined })
  const done = new Set<string>()
  const worker = new Watched(
    name,
    async job => {
      if (job.id === 'job-standard') {
        active = await stored('job-standard')
        places.running = (await redis.lrange(key('active'), 0, -1)).includes('job-standard') ? ['active'] : []
      }
      if (job.id === 'job-stolen') await redis.set(key('job-stolen:lock'), 'another worker')
      done.add(job.id?.startsWith('repeat:') ? 'scheduled' : String(job.id))
      if (job.id === 'job-failing') throw new UnrecoverableError('told')
      return 'result'
    },
    { connection, prefix, autorun: false },
    factory,
  )
  worker.on('error', () => {})
  const running = worker.run()
  const expected = ['job-standard', 'job-stolen', 'job-failing', 'job-prioritized', 'job-unique', 'scheduled']
  for (const end = Date.now() + 8000; !expected.every(id => done.has(id)) && Date.now() < end; )
    await new Promise(resolve => setTimeout(resolve, 20))
  await worker.close()
  await running
  const failing = await queue.getJob('job-failing')
  const ended = { 'job-standard': await stored('job-standard'), 'job-failing': await stored('job-failing') }
  const again = { resetAttemptsMade: true, resetAttemptsStarted: true }
  await failing?.retry('failed', again)
  await failing?.retry('failed', again).catch(() => {}) // refused
  const backend = backends[0] ?? {}
  const client = (await backend.client) as Life['client']
  await queue.close()
  connection.disconnect()
  return { key, backend, client, calls, waiting, active, ended, places, unique, refusal, created, fetched }
}

type Execute = (this: unknown, client: unknown, script: string, args: (string | number)[]) => Promise<unknown>
