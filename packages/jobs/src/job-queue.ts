import type { CheckedMessage, RedisMessageStore } from '@tidings/messages'
import { type Job, Queue } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'
import { type Acceptance, type AcceptingBackend, acceptingBackend } from './accept.ts'
import { inputForWords } from './check-input.ts'
import type { AnyJobDefinition } from './define-job.ts'
import { encodeCancelled } from './failed-reason.ts'
import { type Address, encoding, inEntry, type LedgerEntry } from './ledger-entry.ts'
import type { Log } from './log.ts'
import { outcomeMessage } from './outcome.ts'
import type { Owed } from './owe.ts'
import { DELIVER, luaConstants, OwnScript, type StoreConstants } from './script.ts'
import { parseStoredData, type StoredData, storedDataOf } from './stored-job.ts'
import type { JobTelemetry } from './telemetry.ts'
import { writtenTogether } from './written-together.ts'

const MINUTE = 60_000
/** How long a job may wait to be picked up before its owner is told that it takes longer, ms. */
export const PICK_UP_WITHIN = 5 * MINUTE

// A cluster's command is sent again, 100 ms later, while a master is gone. BullMQ takes a job for failed whose end could not be
// written, although it had done its work: so long is a worker patient, five minutes.
const REDIRECTIONS = 3000

/** What a queue is made of. */
export interface JobQueueOptions {
  redis: Redis | Cluster
  store: RedisMessageStore
  definitions: ReadonlyMap<string, AnyJobDefinition>
  log: Log
  /** Of BullMQ, for the queue and its workers. */
  telemetry: JobTelemetry | undefined
  /** Before every key, of the lists of the queue's owners as well. */
  prefix: string
  name: string
}

/** What became of a wish to cancel a job. */
export type Cancellation = 'cancelled' | 'cancelling' | 'ended' | 'scheduled' | 'unknown'

/** Stands for the id of a schedule's next run, which its script gives. */
const RUN = '{run}'

/** One queue of BullMQ's, with its ledger: the jobs of some owners, beside the lists in which these are told. */
export class JobQueue {
  readonly options: JobQueueOptions
  readonly queue: Queue
  /** Of the message store, in this queue's shard. */
  readonly constants: StoreConstants
  /** What comes before an owner in the name of the list of their jobs. */
  readonly owned: string
  readonly #backend: AcceptingBackend
  readonly #delivering = new Map<string, OwnScript>()

  constructor(options: JobQueueOptions) {
    this.options = options
    const { redis, name, prefix, log, telemetry } = options
    if (isCluster(redis) && !/\{[^}]+\}/.test(prefix))
      throw new TypeError(
        `createJobs: on a Redis Cluster the store's prefix needs braces, which keep its keys in one slot: '{${prefix}}' instead of '${prefix}'`,
      )
    this.constants = constantsOf(options.store, prefix)
    this.owned = `${prefix}:jobs-of:`
    this.#backend = acceptingBackend({
      owing: data => this.owed(data),
      constants: this.constants,
      owned: this.owned,
    })
    this.queue = new Queue(
      name,
      // Nothing is asked of Redis at the start: BullMQ would remember for ever that it had no answer. A worker does ask.
      {
        connection: redis,
        prefix,
        skipWaitingForReady: true,
        skipVersionCheck: true,
        ...(telemetry && { telemetry }),
      },
      this.#backend.factory,
    )
    this.queue.on('error', err => log.warn({ err }, 'trouble with the queue'))
  }

  /** A key beside BullMQ's. */
  key(name: string): string {
    return `${this.options.prefix}:${this.options.name}:${name}`
  }

  /** A connection of its own for whoever waits: a worker's commands may wait for as long as Redis is away; a page's may not. */
  connection(): Redis | Cluster {
    const { redis } = this.options
    const patient = { maxRetriesPerRequest: null, commandTimeout: undefined }
    return writtenTogether(
      isCluster(redis)
        ? redis.duplicate(undefined, {
            enableOfflineQueue: true,
            maxRedirections: REDIRECTIONS,
            redisOptions: { ...redis.options.redisOptions, ...patient },
          })
        : redis.duplicate(patient),
    )
  }

  /** Runs a script of ours on this queue. */
  run(script: OwnScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return script.run(this.options.redis, keys, [this.key(''), ...args])
  }

  /** Runs a script of ours by which owners may be told, behind the functions of deliver.lua. */
  deliver(name: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const script =
      this.#delivering.get(name) ?? new OwnScript(name, `${luaConstants(this.constants)}${DELIVER}`)
    this.#delivering.set(name, script)
    return this.run(script, keys, args)
  }

  /** Adds a job and all that belongs to it in one step; gives the id of the job that does the work. */
  async add(
    definition: AnyJobDefinition,
    data: StoredData,
    acceptance: Acceptance,
    options: NonNullable<Parameters<Queue['add']>[2]> & { jobId: string },
  ): Promise<string> {
    await this.#backend.ready()
    const add = () => this.queue.add(definition.name, data, options)
    const job = await this.#backend.accepting(options.jobId, acceptance, add)
    return job.id ?? options.jobId
  }

  /** A job as it is stored; `undefined` where there is none, or it can't be read. */
  async read(id: string): Promise<Job | undefined> {
    try {
      return await this.queue.getJob(id)
    } catch (error) {
      // What BullMQ says of JSON that is none, of JSON that isn't what it expects, and of what is no job.
      const isBroken = error instanceof SyntaxError || error instanceof TypeError
      if (isBroken || /^WRONGTYPE/.test(String((error as Error).message))) return undefined
      throw error
    }
  }

  /** Ends a job that waits, as cancelled, and for a reason of its own where there is one; has one that runs stopped by its worker. */
  async cancel(id: string, own?: { reason: string; job: Job }): Promise<Cancellation> {
    const { key, window, json } = encoding(own && this.#cancelled(own.job, own.reason))
    const reason = own?.reason ?? CANCELLED
    const keys = [id, 'wait', 'paused', 'prioritized', 'delayed', 'failed', 'events'].map(name =>
      this.key(name),
    )
    const answer = await this.deliver('cancel', keys, [
      id,
      Date.now(),
      encodeCancelled(reason),
      key,
      window,
      json,
    ])
    if (answer === 'cancelling') await this.options.redis.publish(this.key('cancel'), id)
    return answer as Cancellation
  }

  /** Tries an ended job again, from its first attempt. Its outcome is owed anew. */
  async retry(job: Job): Promise<void> {
    await this.#backend.ready()
    const owed = this.owed(JSON.stringify(job.data), job)
    const again = { resetAttemptsMade: true, resetAttemptsStarted: true }
    await this.#backend.retrying(job.id ?? '', owed, () => job.retry('failed', again))
  }

  /** What is owed for a job with this data; `undefined` for a job of nobody. */
  owed(json: string, { id = RUN, name }: { id?: string | undefined; name?: string } = {}): Owed | undefined {
    const data = parseStoredData(json)
    if (!data) return undefined
    const definition = this.options.definitions.get(name ?? data.schedule ?? '')
    return {
      entry: this.entry(id, name ?? definition?.name ?? 'job', definition, {
        ...data,
        input: definition ? inputForWords(definition, data.input) : data.input,
      }),
      patience: definition?.pickUpWithin ?? PICK_UP_WITHIN,
    }
  }

  /** The entry in the ledger for a job of this queue; the input as its schema gives it back. */
  entry(id: string, name: string, definition: AnyJobDefinition | undefined, data: StoredData): LedgerEntry {
    const { owner, input, batch } = data
    const ended = { jobId: id, name, owner, input }
    const words = (outcome: Parameters<typeof outcomeMessage>[2]) =>
      inEntry(outcomeMessage(definition, ended, outcome, this.options.log))
    return {
      owner,
      name,
      ...(batch !== undefined && { batch }),
      cancelled: words({ kind: 'cancelled', reason: CANCELLED }),
      lost: words({ kind: 'failure', reason: LOST }),
    }
  }

  #cancelled(job: Job, reason: string): CheckedMessage | undefined {
    const data = storedDataOf(job)
    if (!data || job.id === undefined) return undefined
    const definition = this.options.definitions.get(job.name)
    const input = definition ? inputForWords(definition, data.input) : data.input
    const ended = { jobId: job.id, name: job.name, owner: data.owner, input }
    return outcomeMessage(definition, ended, { kind: 'cancelled', reason }, this.options.log)
  }

  /** Takes a job out of the ledger without a word: nobody is owed anything for it. */
  async forget(id: string): Promise<void> {
    await this.options.redis.multi().zrem(this.key('ledger'), id).hdel(this.key('owed'), id).exec()
  }

  /**
   * Resolves when jobs can only be made together with their entries in the ledger.
   * @throws UnwrappableError where this version of BullMQ doesn't have what must be wrapped.
   */
  ready(): Promise<void> {
    return this.#backend.ready()
  }

  /** The list in which an owner is told. */
  address(owner: string): Address {
    const { keys, args } = this.options.store.postArguments(owner)
    return { list: keys[0], reading: keys[1], cap: args[1], ttl: args[2] }
  }

  async close(): Promise<void> {
    await this.queue.close()
  }
}

/** What the owner of a cancelled job is told. */
const CANCELLED = 'It was cancelled.'
const LOST = 'What was stored of it can not be read any more.'

function isCluster(redis: Redis | Cluster): redis is Cluster {
  return redis.isCluster
}

/** What a store's scripts are told each time. */
function constantsOf(store: RedisMessageStore, prefix: string): StoreConstants {
  const [, cap, ttl] = store.postArguments('any').args
  const { list, reading } = store.listNames(prefix)
  return { CAP: Number(cap), TTL: Number(ttl), LISTS: list, READINGS: reading }
}

/** Arguments of a script for a message, `''` for none. */
export function messageArguments(message: CheckedMessage | undefined): [string, string, string] {
  const { key, window, json } = encoding(message)
  return [key, window, json]
}
