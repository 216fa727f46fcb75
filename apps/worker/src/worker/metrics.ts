import type { JobEnd, JobStats, JobsCounts, NamedStats } from '@tidings/jobs'
import type { MessageCounts } from '@tidings/messages'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** How long a scrape waits for Redis, ms. */
const PATIENCE = 2_000
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 3600]

/** The level of the message that tells of an outcome. */
const LEVELS = { success: 'success', partial: 'warning', failure: 'error', cancelled: 'error' } as const

const OPEN = ['waiting', 'delayed', 'running'] as const
/** The name of a job that this worker doesn't know. Whatever else is stored as a name makes no label. */
const UNKNOWN = '(unknown)'

/** One queue, as its metrics need it. */
export interface MeasuredQueue {
  readonly name: string
  readonly counts: JobsCounts
  stats(): Promise<JobStats>
  statsByName(): Promise<NamedStats>
  /** How many workers live, of all processes. */
  workers(): Promise<number>
}

/** What is measured of a worker. */
export interface Measured {
  readonly queues: readonly MeasuredQueue[]
  readonly messages: MessageCounts
  readonly running: number
  /** ms since 1970 */
  readonly lastContact: number | undefined
}

/** The metrics of a worker, for Prometheus. */
export class WorkerMetrics {
  readonly #registry = new Registry()
  readonly #metrics = metricsIn(this.#registry)
  #measure: (() => Measured) | undefined

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** From now on this is measured, each time that somebody asks. */
  follow(measure: () => Measured): void {
    this.#measure = measure
  }

  /** A job has ended here. */
  ended({ job, outcome, ms }: JobEnd): void {
    if (ms !== undefined) this.#metrics.duration.observe({ job, outcome }, ms / 1000)
  }

  /** All of them, as Prometheus reads them. */
  async read(): Promise<{ type: string; text: string }> {
    if (this.#measure) await this.#look(this.#measure())
    return { type: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  async #look({ queues, messages, running, lastContact }: Measured): Promise<void> {
    const metrics = this.#metrics
    metrics.running.set(running)
    metrics.silence.set(lastContact === undefined ? 0 : Math.max(0, Date.now() - lastContact) / 1000)
    set(
      metrics.messages,
      Object.entries(messages).map(([event, count]) => [{ event }, count]),
    )
    set(
      metrics.outcomes,
      Object.entries(LEVELS).map(([outcome, level]) => [
        { outcome, level },
        total(queues, ({ counts }) => counts[outcome as keyof typeof LEVELS]),
      ]),
    )
    for (const event of ['retried', 'stalled', 'told', 'reminded', 'delivered'] as const)
      set(metrics[event], [[{}, total(queues, ({ counts }) => counts[event])]])
    const looked = await Promise.all(queues.map(queue => inTime(look(queue))))
    metrics.redis.set(looked.includes(undefined) ? 0 : 1)
    for (const gauge of [
      metrics.jobs,
      metrics.named,
      metrics.beyond,
      metrics.dropped,
      metrics.owed,
      metrics.overdue,
      metrics.undelivered,
      metrics.oldest,
    ])
      gauge.reset()
    for (const { queue, stats, named, workers } of looked.flatMap(each => each ?? [])) {
      for (const state of ['waiting', 'delayed', 'running', 'completed', 'failed'] as const)
        metrics.jobs.set({ queue, state }, stats[state])
      for (const state of OPEN) {
        for (const [job, counts] of named.names)
          metrics.named.set({ queue, state, job: job || UNKNOWN }, counts[state])
        metrics.beyond.set({ queue, state }, named.beyond[state])
      }
      metrics.owed.set({ queue }, stats.owed)
      metrics.overdue.set({ queue }, stats.overdue / 1000)
      metrics.undelivered.set({ queue }, stats.undelivered)
      metrics.dropped.inc({ queue }, stats.dropped)
      metrics.oldest.set({ queue }, stats.oldestWaiting / 1000)
      metrics.workers.set({ queue }, workers)
    }
  }
}

function metricsIn(registry: Registry) {
  const registers = [registry]
  const counter = <Label extends string = string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <Label extends string = string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  return {
    redis: gauge('tidings_redis_up', 'Whether Redis answered when these metrics were asked for'),
    running: gauge('tidings_worker_running_jobs', 'Jobs that run in this process'),
    silence: gauge('tidings_worker_silence_seconds', 'How long ago Redis last answered this worker'),
    jobs: gauge('tidings_jobs', 'Jobs by state, in all processes', ['queue', 'state']),
    named: gauge(
      'tidings_jobs_by_name',
      'Jobs that have not ended, by state and name: those that come first',
      ['queue', 'state', 'job'],
    ),
    beyond: gauge('tidings_jobs_beyond_names', 'Jobs whose names were not looked at: the first 1,000 are', [
      'queue',
      'state',
    ]),
    oldest: gauge('tidings_oldest_waiting_seconds', 'How long the oldest has been ready to be picked up', [
      'queue',
    ]),
    owed: gauge('tidings_ledger_jobs', 'Jobs whose outcome is owed', ['queue']),
    overdue: gauge('tidings_ledger_overdue_seconds', 'For how long the first of them has been overdue', [
      'queue',
    ]),
    undelivered: gauge('tidings_undelivered_messages', 'Messages that can not be delivered for now', [
      'queue',
    ]),
    dropped: counter(
      'tidings_dropped_for_outcomes_total',
      'Unread messages that outcomes have pushed out of full lists, by all processes',
      ['queue'],
    ),
    workers: gauge('tidings_workers', 'Workers that live, of all processes', ['queue']),
    duration: new Histogram({
      name: 'tidings_job_duration_seconds',
      help: 'How long the last attempt of a job took, by its name and how the job ended',
      labelNames: ['job', 'outcome'],
      buckets: BUCKETS,
      registers,
    }),
    outcomes: counter(
      'tidings_outcomes_total',
      'Outcomes, and the level in which they are told where a job’s own words name no other',
      ['outcome', 'level'],
    ),
    retried: counter('tidings_job_retries_total', 'Attempts that failed and are made again'),
    stalled: counter(
      'tidings_jobs_stalled_total',
      'Jobs that were picked up again: their worker died or hung',
    ),
    told: counter('tidings_sweep_told_total', 'Owners told by the sweep of what ended without our worker'),
    reminded: counter('tidings_sweep_reminded_total', 'Owners told that a job takes longer'),
    delivered: counter('tidings_sweep_delivered_total', 'Messages that could be delivered after all'),
    messages: counter(
      'tidings_messages_total',
      'Messages that this process has posted, shown, released, dropped or found expired unseen',
      ['event'],
    ),
  }
}

async function look(queue: MeasuredQueue) {
  const [stats, named, workers] = await Promise.all([queue.stats(), queue.statsByName(), queue.workers()])
  return { queue: queue.name, stats, named, workers }
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), PATIENCE)
  })
  try {
    return await Promise.race([answer.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The library counts by itself; ours are counted already. */
function set<Label extends string>(
  counter: Counter<Label>,
  values: readonly (readonly [Partial<Record<Label, string>>, number])[],
): void {
  counter.reset()
  for (const [labels, count] of values) counter.inc(labels, count)
}

function total(queues: readonly MeasuredQueue[], of: (queue: MeasuredQueue) => number): number {
  return queues.reduce((sum, queue) => sum + of(queue), 0)
}
