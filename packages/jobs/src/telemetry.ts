import type { Telemetry } from 'bullmq'
import { z } from 'zod'

/** What traces jobs: BullMQ's interface, which bullmq-otel fulfils with OpenTelemetry. */
export type JobTelemetry = Telemetry

const isFunction = z.custom(value => typeof value === 'function', 'expected a function')
const schema = z.looseObject({
  tracer: z.looseObject({ startSpan: isFunction }),
  contextManager: z.looseObject({
    with: isFunction,
    active: isFunction,
    getMetadata: isFunction,
    fromMetadata: isFunction,
  }),
})

/**
 * Makes sure that BullMQ can trace with this: it would find out in the middle of a job.
 * @throws TypeError that says what is missing.
 */
export function checkTelemetry(telemetry: JobTelemetry | undefined): void {
  if (telemetry === undefined) return
  const { error } = schema.safeParse(telemetry)
  if (!error) return
  const missing = error.issues.map(({ path, message }) => `${['telemetry', ...path].join('.')}: ${message}`)
  throw new TypeError(
    `createJobs: expected the telemetry of bullmq-otel, or one of the same form; ${missing.join('; ')}`,
  )
}
