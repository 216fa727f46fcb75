import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from 'vitest'
import { jobTelemetry } from '../src/tracing/job-telemetry.ts'
import { SpanGate } from '../src/tracing/span-gate.ts'

describe('what leaves a process in a span', () => {
  it('is what may leave, and no text of an error, an event or a link', () => {
    const exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(new SpanGate(exporter))],
    })
    const tracer = provider.getTracer('test')
    const other = tracer.startSpan('other').spanContext()
    const span = tracer.startSpan('process jobs', {
      attributes: { 'bullmq.job.name': 'x'.repeat(1000), 'bullmq.job.result': 'secret', 'user.id': 'secret' },
      links: [{ context: other, attributes: { why: 'secret' } }],
    })
    span.addEvent('job failed', { 'bullmq.job.failed.reason': 'secret' })
    span.recordException(new Error('secret'))
    span.setStatus({ code: 2, message: 'secret' })
    span.end()
    const [sent] = exporter.getFinishedSpans()
    expect(sent).toMatchObject({
      attributes: { 'bullmq.job.name': 'x'.repeat(200) },
      status: { code: 2 },
      links: [{ context: other }],
    })
    expect(sent?.events.map(({ name }) => name)).toEqual(['job failed', 'exception'])
    expect(JSON.stringify([sent?.attributes, sent?.events, sent?.links, sent?.status])).not.toContain(
      'secret',
    )
  })
})

describe('the telemetry of jobs', () => {
  const { contextManager, tracer } = jobTelemetry()

  it.each(['', 'no JSON', 'null', '5', '{"traceparent":5}', '{"traceparent":"00-zz"}'])(
    'takes a job whose stored trace is broken (%j) as one without',
    stored => {
      const context = contextManager.fromMetadata(ROOT_CONTEXT, stored)
      const at = trace.getSpanContext(context)
      expect(at !== undefined && trace.isSpanContextValid(at)).toBe(false)
    },
  )

  it('leaves the context as it is for what nobody is told of', () => {
    const span = tracer.startSpan('extendLocks jobs')
    expect(span.setSpanOnContext(ROOT_CONTEXT)).toBe(ROOT_CONTEXT)
    span.end()
  })
})
