import { type Context, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BullMQOtel } from 'bullmq-otel'

/** What of BullMQ's doings is worth a span. It has more: renewing locks, looking for jobs, looking for stalled ones. */
const TOLD = new Set(['add', 'process', 'complete', 'fail', 'delay', 'retry'])

/** The telemetry of bullmq-otel, without the spans that belong to no job or say nothing of it. */
export type JobTelemetry = ReturnType<typeof jobTelemetry>

/** Made once tracing has begun. */
export function jobTelemetry() {
  const { tracer, contextManager } = new BullMQOtel({ tracerName: 'bullmq' })
  return {
    tracer: {
      startSpan(name: string, options?: object, context?: Context) {
        const [operation = ''] = name.split(' ', 1)
        return TOLD.has(operation) ? tracer.startSpan(name, options, context) : UNTOLD
      },
    },
    contextManager: {
      with<Call extends (...args: never[]) => unknown>(context: Context, call: Call): ReturnType<Call> {
        return contextManager.with(context, call as never)
      },
      active: () => contextManager.active(),
      // What goes on for ever is no part of what began it.
      root: () => ROOT_CONTEXT,
      getMetadata: (context: Context) => contextManager.getMetadata(context),
      fromMetadata: readMetadata,
    },
  }

  /** Whoever wrote the job may have written anything: then its trace begins here. */
  function readMetadata(active: Context, metadata: string): Context {
    try {
      return contextManager.fromMetadata(active, metadata)
    } catch {
      return trace.setSpanContext(active, INVALID_SPAN_CONTEXT)
    }
  }
}

/** Stands for a span that nobody hears of. */
const UNTOLD = {
  setSpanOnContext: (context: Context) => context,
  setAttribute() {},
  setAttributes() {},
  addEvent() {},
  recordException() {},
  end() {},
}
