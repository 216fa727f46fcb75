import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { NewMessage } from '@tidings/messages'
import { z } from 'zod'
import type { Log } from './log.ts'
import type { PartialResult } from './partial-result.ts'

/** What `run` is given. */
export interface JobContext<Input> {
  readonly input: Input
  /** Whom the job belongs to. */
  readonly owner: string
  readonly jobId: string
  /** 1 at the first attempt. */
  readonly attempt: number
  /** How many attempts there are at most. */
  readonly attempts: number
  /** Says how far the job is, from 0 to 1, and what it is doing. At most four times a second reaches Redis. */
  progress(fraction: number, text?: string): Promise<void>
  /** Fires when the job should stop: its time limit is over, its lock is lost, or its worker has to leave at once. */
  readonly signal: AbortSignal
  /** Carries the job's name, its id and its owner. */
  readonly log: Log
}

/** A text for the owner, or a text with a link, extra tags or data. */
export type OutcomeText = string | Pick<NewMessage, 'text' | 'link' | 'extraTags' | 'data'>

interface Ended<Input> {
  readonly input: Input
  readonly owner: string
  readonly jobId: string
}

/** The words in which each ending is told. */
export interface JobMessages<Input, Result> {
  success(ended: Ended<Input> & { readonly result: Result }): OutcomeText
  /** Without it, `success` is asked. */
  partial?(ended: Ended<Input> & { readonly result: Result }): OutcomeText
  /** `reason` is safe to show: the text of a JobFailure, or a fixed sentence. Without it, the job's title and the reason. */
  failure?(ended: Ended<Input> & { readonly reason: string }): OutcomeText
}

/** What {@link defineJob} is given. */
export interface JobOptions<Schema extends StandardSchemaV1, Result> {
  /** Lower-case words joined by "-"; it names the job in Redis and in addresses. */
  name: string
  /** The job in plain words, e.g. `Import posts`. */
  title: string
  /** Any Standard Schema; checked when the job is enqueued and again before it runs. */
  input: Schema
  /** How often it is tried before it is given up; default 1. */
  attempts?: number
  /** How long to wait before the next attempt, ms; default none. `exponential` doubles it each time. */
  backoff?: { type: 'fixed' | 'exponential'; delay: number }
  /** How long one attempt may take, ms; default unlimited. Past it the signal fires and the job has failed. */
  timeLimit?: number
  /** Does the work. It may run twice, when a worker dies: what it does must be repeatable. */
  run(context: JobContext<StandardSchemaV1.InferOutput<Schema>>): Promise<Result | PartialResult<Result>>
  messages: JobMessages<StandardSchemaV1.InferOutput<Schema>, Result>
}

/** A job that can be enqueued and run. Made by {@link defineJob}. */
export interface JobDefinition<Schema extends StandardSchemaV1 = StandardSchemaV1, Result = unknown>
  extends JobOptions<Schema, Result> {
  readonly attempts: number
}

/** A definition whose types don't matter, as in a list of all. */
export type AnyJobDefinition = JobDefinition<StandardSchemaV1, unknown>

const text = z.custom<() => OutcomeText>(
  value => typeof value === 'function',
  'expected a function that returns a text',
)

const checks = z.object({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'expected lower-case words joined by "-"')
    .max(60),
  title: z.string().min(1).max(100),
  input: z.custom(value => hasStandardSchema(value), 'expected a Standard Schema, such as z.object({ … })'),
  attempts: z.int().min(1).max(100).optional(),
  backoff: z.object({ type: z.enum(['fixed', 'exponential']), delay: z.int().min(0) }).optional(),
  timeLimit: z.int().min(1).optional(),
  run: z.custom(value => typeof value === 'function', 'expected a function'),
  messages: z.object({ success: text, partial: text.optional(), failure: text.optional() }),
})

/**
 * Defines a job: what it is given, what it does, and the words in which its owner is told how it ended.
 * @throws TypeError for a definition that can't work, naming the job, each fault, and what was expected.
 */
export function defineJob<Schema extends StandardSchemaV1, Result>(
  options: JobOptions<Schema, Result>,
): JobDefinition<Schema, Result> {
  const checked = checks.safeParse(options)
  if (!checked.success) {
    throw new TypeError(
      `Job ${JSON.stringify(options?.name)} can't be defined:\n${z.prettifyError(checked.error)}`,
    )
  }
  return Object.freeze({ ...options, attempts: options.attempts ?? 1 })
}

function hasStandardSchema(value: unknown): boolean {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject && '~standard' in value
}
