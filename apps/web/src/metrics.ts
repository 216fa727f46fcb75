import type { JobsCounts } from '@tidings/jobs'
import type { MessageCounts } from '@tidings/messages'
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Routes whose answer goes on for as long as a page is open, and what they tell of. */
const STREAMS: Readonly<Record<string, string>> = {
  '/messages/stream': 'messages',
  '/jobs/:id/stream': 'job',
}

/** What a web process measures, for Prometheus. */
export class WebMetrics {
  readonly #registry = new Registry()
  readonly #shownAfter: Histogram
  readonly #messages: Counter<'event'>
  readonly #sweeps: Counter<'event'>
  readonly #outcomes: Counter<'outcome' | 'level'>
  readonly #streams: Gauge<'of'>
  readonly #requests: Histogram<'status'>

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#shownAfter = new Histogram({
      name: 'tidings_shown_after_seconds',
      help: 'From the moment in which a message was written (an outcome: in which its job ended) to the page that showed it',
      buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 86_400],
      registers,
    })
    this.#messages = new Counter({
      name: 'tidings_messages_total',
      help: 'Messages that this process has posted, shown, released, dropped or found expired unseen',
      labelNames: ['event'],
      registers,
    })
    this.#sweeps = new Counter({
      name: 'tidings_sweep_total',
      help: 'Owners told or reminded, and messages delivered after all, by this process',
      labelNames: ['event'],
      registers,
    })
    this.#outcomes = new Counter({
      name: 'tidings_outcomes_total',
      help: 'Outcomes by this process: jobs that waited, and were cancelled here; the level where its words name no other',
      labelNames: ['outcome', 'level'],
      registers,
    })
    this.#streams = new Gauge({
      name: 'tidings_open_streams',
      help: 'Pages that are told live of messages, or of a job',
      labelNames: ['of'],
      registers,
    })
    this.#requests = new Histogram({
      name: 'tidings_request_duration_seconds',
      help: 'How long requests took, by the first digit of their status; live streams aside',
      labelNames: ['status'],
      buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 10],
      registers,
    })
  }

  /** A message was shown so many ms after it was written. */
  shownAfter(ms: number): void {
    this.#shownAfter.observe(ms / 1000)
  }

  /** Measures an app's requests and live streams; before its routes are added. */
  follow(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const of = STREAMS[request.routeOptions.url ?? '']
      if (of === undefined) return
      this.#streams.inc({ of })
      reply.raw.once('close', () => this.#streams.dec({ of }))
    })
    app.addHook('onResponse', async (request, reply) => {
      if (STREAMS[request.routeOptions.url ?? '']) return
      this.#requests.observe({ status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1000)
    })
  }

  /** All of them, as Prometheus reads them. */
  async read(messages: MessageCounts, jobs: JobsCounts): Promise<{ type: string; text: string }> {
    this.#messages.reset()
    for (const [event, count] of Object.entries(messages)) this.#messages.inc({ event }, count)
    this.#sweeps.reset()
    for (const event of ['told', 'reminded', 'delivered'] as const) this.#sweeps.inc({ event }, jobs[event])
    this.#outcomes.reset()
    this.#outcomes.inc({ outcome: 'cancelled', level: 'error' }, jobs.cancelled)
    return { type: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}
