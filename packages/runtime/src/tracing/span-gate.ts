import { type Attributes, type SpanStatus, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'

/** What may leave the process. Libraries put results, reasons and texts of errors into spans, which are people's own. */
const MAY_LEAVE = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'bullmq.queue.name',
  'bullmq.queue.operation',
  'bullmq.job.name',
  'bullmq.job.id',
  'bullmq.job.attempts.made',
  'tidings.outcome',
  'tidings.message.level',
  'tidings.message.waited_ms',
])
const MAX_TEXT = 200
const CANCELLED = 'cancelled'

/** Lets spans pass to an exporter without what isn't to leave: only attributes of the list above, no texts of events or states. */
export class SpanGate implements SpanExporter {
  readonly #exporter: SpanExporter

  constructor(exporter: SpanExporter) {
    this.#exporter = exporter
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#exporter.export(spans.map(bare), done)
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}

function bare(span: ReadableSpan): ReadableSpan {
  const attributes = allowed(span.attributes)
  return {
    name: span.name.slice(0, MAX_TEXT),
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    attributes,
    status: statusOf(span, attributes),
    events: span.events.map(({ name, time }) => ({ name: name.slice(0, MAX_TEXT), time })),
    links: span.links.map(({ context }) => ({ context })),
  }
}

function allowed(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => MAY_LEAVE.has(name))
      .map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_TEXT) : value]),
  )
}

/** BullMQ says of an attempt that failed, or of what threw, no more than an event. */
function statusOf({ status, events }: ReadableSpan, attributes: Attributes): SpanStatus {
  const failed = events.some(({ name }) => name === 'job failed' || name === 'exception')
  const isError = failed && attributes['tidings.outcome'] !== CANCELLED
  return { code: isError ? SpanStatusCode.ERROR : status.code }
}
