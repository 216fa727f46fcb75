import type { Tracer } from '@opentelemetry/api'
import type { Logger } from './logger.ts'
import type { JobTelemetry } from './tracing/job-telemetry.ts'

/** A process's traces, which go to a collector. */
export interface Tracing {
  /** Begins spans. What they say of people doesn't leave the process: see the attributes that may. */
  readonly tracer: Tracer
  /** For `createJobs`: a job then carries its trace from where it is enqueued to its worker. */
  readonly telemetry: JobTelemetry
  /** For the log: the trace to which belongs what is done at this moment. */
  facts(): { trace: string } | undefined
  /** Says how the job that is worked on has ended. */
  ended(outcome: string): void
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>
}

/** What traces are opened with. */
export interface TracingOptions {
  /** The process, as it is called where `OTEL_SERVICE_NAME` doesn't say it. */
  service: string
  log: Logger
  env?: Readonly<Record<string, string | undefined>>
}

/**
 * Begins to trace, where OpenTelemetry's standard variables ask for it: `OTEL_EXPORTER_OTLP_ENDPOINT` (or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) names a collector. Else nothing of OpenTelemetry is even loaded.
 */
export async function openTracing({
  service,
  log,
  env = process.env,
}: TracingOptions): Promise<Tracing | undefined> {
  if (!isWanted(env)) return undefined
  const { startTracing } = await import('./tracing/start-tracing.ts')
  return startTracing({ service, log, env })
}

function isWanted(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
}
