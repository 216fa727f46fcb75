import { hostname } from 'node:os'
import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Logger } from '../logger.ts'
import type { Tracing, TracingOptions } from '../tracing.ts'
import { jobTelemetry } from './job-telemetry.ts'
import { SpanGate } from './span-gate.ts'

/** How long a process that ends waits for its collector, ms. */
const LAST = 2_000
/** How often a collector that is away is worth a line, ms. */
const QUIET = 60_000

/** Begins to trace. The standard variables decide where to, how much of it, and in which batches. */
export function startTracing({ service, log, env = {} }: TracingOptions): Tracing {
  tellTroubleTo(log)
  if (env.OTEL_EXPORTER_OTLP_PROTOCOL?.startsWith('grpc'))
    log.warn('traces are sent as http/json: name the port on which the collector takes these, often 4318')
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': `${hostname()}:${process.pid}`,
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new SpanGate(new OTLPTraceExporter()))],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  // Baggage is none of ours to pass on.
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return {
    tracer: provider.getTracer('tidings'),
    telemetry: jobTelemetry(),
    facts() {
      const at = trace.getActiveSpan()?.spanContext()
      return at && { trace: at.traceId }
    },
    ended: outcome => trace.getActiveSpan()?.setAttribute('tidings.outcome', outcome),
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>(resolve => {
        timer = setTimeout(resolve, LAST)
      })
      await Promise.race([provider.shutdown().catch(() => {}), late])
      clearTimeout(timer)
    },
  }
}

/** A collector that is away is worth a line now and then, and nothing else. */
function tellTroubleTo(log: Logger): void {
  let quietUntil = 0
  const tell = (what: unknown) => {
    if (Date.now() < quietUntil) return
    quietUntil = Date.now() + QUIET
    const reason = (what instanceof Error ? what.message || what.name : String(what)).slice(0, 200)
    log.warn({ reason }, 'traces could not be sent: some are lost')
  }
  setGlobalErrorHandler(tell)
  const ignore = () => {}
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}
