import {
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Jobs } from '@tidings/jobs'
import type { Message } from '@tidings/messages'

/**
 * Ties a job's trace and the page that showed its message together, in both directions: the job's trace gets a span
 * `message shown`, with a link to the page's request, and the page's trace a span `messages shown`, with links to the jobs.
 */
export class ShownSpans {
  readonly #tracer: Tracer
  #jobs: Pick<Jobs, 'find'> | undefined

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  lookIn(jobs: Pick<Jobs, 'find'>): void {
    this.#jobs = jobs
  }

  /** A page has shown these messages. It has been sent: nobody waits for what is done here, and nothing depends on it. */
  shown(page: SpanContext | undefined, owner: string | undefined, messages: readonly Message[]): void {
    if (owner === undefined || !messages.some(({ job }) => job !== undefined)) return
    const at = new Date()
    const told = messages.map(message => this.#tell(page, owner, message, at))
    void Promise.all(told).then(spans => {
      const links = spans.flatMap(span => (span ? [{ context: span.spanContext() }] : []))
      if (page && links.length > 0) this.#tellPage(page, links, at)
    })
  }

  async #tell(
    page: SpanContext | undefined,
    owner: string,
    { job, levelTag, time }: Message,
    at: Date,
  ): Promise<Span | undefined> {
    const trace = job === undefined ? undefined : await this.#traceOf(job, owner)
    if (job === undefined || !trace) return undefined
    const span = this.#tracer.startSpan(
      'message shown',
      {
        startTime: at,
        links: page ? [{ context: page }] : [],
        attributes: {
          'bullmq.job.id': job,
          'tidings.message.level': levelTag,
          'tidings.message.waited_ms': Math.max(0, at.getTime() - time.getTime()),
        },
      },
      trace,
    )
    span.end(at)
    return span
  }

  #tellPage(page: SpanContext, links: Link[], at: Date): void {
    const parent = trace.setSpanContext(ROOT_CONTEXT, page)
    this.#tracer.startSpan('messages shown', { startTime: at, links }, parent).end(at)
  }

  /** Where a job belongs; nothing where it was never traced, or is gone. */
  async #traceOf(job: string, owner: string) {
    try {
      const found = await context.with(ROOT_CONTEXT, () => this.#jobs?.find(job, { owner }))
      if (found?.telemetry === undefined) return undefined
      const at = propagation.extract(ROOT_CONTEXT, JSON.parse(found.telemetry))
      return trace.getSpanContext(at) && at
    } catch {
      return undefined
    }
  }
}
