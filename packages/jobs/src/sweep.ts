import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Batches } from './batches.ts'
import { inputForWords } from './check-input.ts'
import { jobOutcome } from './job-outcome.ts'
import { type JobQueue, messageArguments } from './job-queue.ts'
import { look } from './job-stats.ts'
import { parseLedgerEntry } from './ledger-entry.ts'
import { outcomeMessage, overdueMessage } from './outcome.ts'
import { OwnScript, POST } from './script.ts'
import { parseStoredData, storedDataOf } from './stored-job.ts'
import type { SweepReport } from './sweep-report.ts'

const SECOND = 1000
// Longer than a sweep takes; a process that dies in the middle holds up the next one for no longer.
const TURN = 30 * SECOND
const PAGE = 500
const MAX_PAGES = 10_000

const AUDIT = new OwnScript('audit')
const REDELIVER = new OwnScript('redeliver', POST)

/**
 * Looks after what is owed in a queue: jobs that nobody picks up, that were removed, or that a worker has ended which isn't
 * ours; and messages that could not be delivered. One process does it at a time.
 * @returns `undefined` where another process is at it.
 */
export async function sweep(jobs: JobQueue): Promise<SweepReport | undefined> {
  const { redis } = jobs.options
  const turn = jobs.key('sweep')
  const mine = randomUUID()
  if ((await redis.set(turn, mine, 'PX', TURN, 'NX')) === null) return undefined
  try {
    return await new Sweep(jobs).run()
  } finally {
    // Where the turn was over before, somebody else may have it now.
    if ((await redis.get(turn)) === mine) await redis.del(turn)
  }
}

class Sweep {
  readonly #jobs: JobQueue
  #told = 0
  #reminded = 0
  #lag = 0

  constructor(jobs: JobQueue) {
    this.#jobs = jobs
  }

  async run(): Promise<SweepReport> {
    await this.#cancelUnheard()
    await new Batches(this.#jobs).sealForgotten()
    let found = await look(this.#jobs, PAGE)
    for (let page = 0; found.due.length > 0 && page < MAX_PAGES; page++) {
      const before = this.#told + this.#reminded
      for (const { id, state } of found.due) await this.#attend(id, state)
      found = await look(this.#jobs, PAGE)
      if (this.#told + this.#reminded === before) break // what can't be helped now is looked at next time
    }
    if (found.owed !== found.pending) await this.#audit()
    const [delivered, undelivered] = found.undelivered > 0 ? await this.#redeliver() : [0, 0]
    return {
      owed: found.owed,
      overdue: found.overdue,
      lag: this.#lag,
      told: this.#told,
      reminded: this.#reminded,
      delivered,
      undelivered,
    }
  }

  /** What is wrong with one job keeps nobody else from being told. */
  async #attend(id: string, state: string | undefined): Promise<void> {
    try {
      if (state === 'gone') await this.#tellGone(id)
      else if (state === 'finished') await this.#tellFinished(id)
      else await this.#remind(id)
    } catch (err) {
      if (!isOfOneJob(err)) throw err
      this.#jobs.options.log.warn({ err, jobId: id }, 'what is owed for a job could not be looked after')
    }
  }

  /** Counts differ: a job was removed, or ended by somebody else, or somebody else's jobs are in the queue. */
  async #audit(): Promise<void> {
    let cursor = '0'
    for (let page = 0; page < MAX_PAGES; page++) {
      const [next = '0', ...found] = auditReply.parse(
        await this.#jobs.run(AUDIT, [this.#ledger], [cursor, PAGE]),
      )
      for (let i = 0; i < found.length; i += 2) {
        const state = found[i + 1]
        if (state !== 'open') await this.#attend(found[i] ?? '', state)
      }
      cursor = next
      if (cursor === '0') return
    }
  }

  async #tellGone(id: string): Promise<void> {
    this.#told += Number(
      await this.#jobs.deliver('tell', [this.#ledger], [id, 'gone', 'cancelled', '', '', '']),
    )
  }

  async #tellFinished(id: string): Promise<void> {
    const job = await this.#jobs.read(id)
    const data = job && parseStoredData(JSON.stringify(job.data))
    const { definitions, log } = this.#jobs.options
    const outcome = job && jobOutcome(job)
    const definition = job && definitions.get(job.name)
    const input = definition ? inputForWords(definition, data?.input) : data?.input
    const ended = job && data && { jobId: id, name: job.name, owner: data.owner, input }
    // What can't be read is told in the words of the ledger.
    const message = ended && outcome && outcomeMessage(definition, ended, outcome, log)
    const args = [id, 'finished', outcome?.kind ?? 'failure', ...messageArguments(message)]
    const told = Number(await this.#jobs.deliver('tell', [this.#ledger], args))
    if (told > 0 && job?.finishedOn) this.#lag = Math.max(this.#lag, Date.now() - job.finishedOn)
    this.#told += told
  }

  async #remind(id: string): Promise<void> {
    const { redis, definitions, log } = this.#jobs.options
    const entry = parseLedgerEntry(await redis.hget(this.#jobs.key('owed'), id))
    if (!entry) return
    const definition = definitions.get(entry.name)
    const job = definition?.messages.overdue && (await this.#jobs.read(id))
    const input = definition && job && inputForWords(definition, storedDataOf(job)?.input)
    const message = overdueMessage(
      definition,
      { jobId: id, name: entry.name, owner: entry.owner, input },
      log,
    )
    const args = [id, Date.now(), ...messageArguments(message)]
    this.#reminded += Number(await this.#jobs.deliver('remind', [this.#ledger], args))
  }

  /** A job may have gone back to the queue before its worker heard that it is cancelled. */
  async #cancelUnheard(): Promise<void> {
    for (const id of await this.#jobs.options.redis.smembers(this.#jobs.key('cancelling'))) {
      const answer = await this.#jobs.cancel(id)
      if (answer === 'ended' || answer === 'unknown')
        await this.#jobs.options.redis.srem(this.#jobs.key('cancelling'), id)
    }
  }

  async #redeliver(): Promise<[number, number]> {
    const script = REDELIVER
    const { redis } = this.#jobs.options
    const reply = await script.run(redis, [this.#jobs.key('undelivered')], [PAGE])
    return z.tuple([z.number(), z.number()]).parse(reply)
  }

  get #ledger(): string {
    return this.#jobs.key('ledger')
  }
}

const auditReply = z.array(z.string())

/** What Redis says of what is stored, and not of itself: that it is full, read-only, away. */
function isOfOneJob(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && /^(WRONGTYPE|ERR) /.test(error.message)
}
