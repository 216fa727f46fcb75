import { createHash } from 'node:crypto'
import { defaultRepeatStrategy } from 'bullmq'
import { backoffOptions } from './backoff.ts'
import type { AnyJobDefinition } from './define-job.ts'
import { checkOptions, type ScheduleOptions, scheduleSchema } from './enqueue-options.ts'
import type { JobQueue } from './job-queue.ts'

/** A job that runs again and again. */
export interface Schedule {
  readonly id: string
  /** Of the definition. */
  readonly name: string
  readonly pattern?: string
  readonly timeZone?: string
  readonly every?: number
  /** When it runs next. */
  readonly next: Date | undefined
}

/** The schedules of a queue: job schedulers of BullMQ's, each run of which is owed like any other job. */
export class Schedules {
  readonly #jobs: JobQueue
  readonly #kept: { age: number; count: number }

  constructor(jobs: JobQueue, kept: { age: number; count: number }) {
    this.#jobs = jobs
    this.#kept = kept
  }

  async set(definition: AnyJobDefinition, input: unknown, options: ScheduleOptions): Promise<void> {
    const { owner, id, pattern, timeZone, every } = checkOptions(scheduleSchema, options, 'schedule')
    const { name } = definition
    const { telemetry } = this.#jobs.options
    if (pattern !== undefined) await checkPattern(pattern, timeZone)
    const scheduler = schedulerId(owner, name, id)
    // In this order: a schedule that is missing in the owner's list would be worse than one that isn't there any more.
    await this.#jobs.options.redis.hset(this.#listKey(owner), scheduler, JSON.stringify({ id, name }))
    const repeat =
      pattern === undefined ? { every: every ?? 0 } : { pattern, ...(timeZone && { tz: timeZone }) }
    await this.#jobs.ready()
    await this.#jobs.queue.upsertJobScheduler(scheduler, repeat, {
      name,
      data: {
        owner,
        input,
        schedule: name,
        owed: true,
        ...(definition.version !== undefined && { version: definition.version }),
      },
      opts: {
        attempts: definition.attempts,
        ...(definition.priority !== undefined && { priority: definition.priority }),
        ...(definition.backoff && { backoff: backoffOptions(definition) }),
        removeOnComplete: this.#kept,
        removeOnFail: this.#kept,
        // Each run is a trace of its own: else all of them, for years, were the trace of whoever made the schedule.
        ...(telemetry && { telemetry: { omitContext: true } }),
      },
    })
  }

  async remove(name: string, owner: string, id: string): Promise<boolean> {
    return this.end(owner, schedulerId(owner, name, id))
  }

  async of(owner: string): Promise<Schedule[]> {
    const known = await this.#jobs.options.redis.hgetall(this.#listKey(owner))
    const all = await Promise.all(
      Object.entries(known).map(async ([scheduler, text]) => {
        const { id, name } = JSON.parse(text) as { id: string; name: string }
        const found = await this.#jobs.queue.getJobScheduler(scheduler)
        if (!found) return undefined
        const { pattern, tz, every, next } = found
        return {
          id,
          name,
          ...(pattern && { pattern }),
          ...(tz && { timeZone: tz }),
          ...(every && { every: Number(every) }),
          next: next === undefined ? undefined : new Date(next),
        }
      }),
    )
    return all.filter(schedule => schedule !== undefined)
  }

  /** The ids under which BullMQ knows an owner's schedules. */
  idsOf(owner: string): Promise<string[]> {
    return this.#jobs.options.redis.hkeys(this.#listKey(owner))
  }

  /** Ends the schedule that BullMQ knows under this id. */
  async end(owner: string, scheduler: string): Promise<boolean> {
    await this.#forgetNext(scheduler)
    const removed = await this.#jobs.queue.removeJobScheduler(scheduler)
    await this.#jobs.options.redis.hdel(this.#listKey(owner), scheduler)
    return removed
  }

  async #forgetNext(scheduler: string): Promise<void> {
    const found = await this.#jobs.queue.getJobScheduler(scheduler)
    if (found?.next !== undefined) await this.#jobs.forget(`repeat:${scheduler}:${found.next}`)
  }

  #listKey(owner: string): string {
    return this.#jobs.key(`schedules:${owner}`)
  }
}

/** @throws TypeError for what cron doesn't know. */
async function checkPattern(pattern: string, tz?: string): Promise<void> {
  try {
    await defaultRepeatStrategy(Date.now(), { pattern, ...(tz !== undefined && { tz }) })
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new TypeError(
      `schedule: expected a pattern of cron and a time zone, got "${pattern}"${tz === undefined ? '' : ` in "${tz}"`} (${said})`,
    )
  }
}

function schedulerId(owner: string, name: string, id: string): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, name, id]))
    .digest('base64url')
    .slice(0, 22)
}
