import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Backoff, BackoffFunction } from './backoff.ts'
import { faultsOf, titleFrom } from './definition-schema.ts'
import type { JobContext } from './job-context.ts'
import type { JobMessages } from './job-messages.ts'
import { shown } from './odd-error.ts'
import type { PartialResult } from './partial-result.ts'
import { sandboxed } from './sandboxed.ts'

export type { JobContext } from './job-context.ts'
export type { JobMessages, JobText as OutcomeText } from './job-messages.ts'

const PICK_UP_WITHIN = 5 * 60 * 1000

/** What every job has, wherever it runs. */
export interface JobRecipe<Schema extends StandardSchemaV1, Result> {
  /** Lower-case words joined by "-"; it names the job in Redis and in addresses. */
  readonly name: string
  /** The job in plain words, e.g. `Import posts`; default: made of the name. */
  readonly title?: string
  /** Any Standard Schema, also an async one; checked when the job is enqueued and again before it runs. */
  readonly input: Schema
  /** The version of the input's form, default 1. A worker that knows an older one leaves the job to another worker. */
  readonly version?: number
  /** How often it is tried before it is given up; default 1. */
  readonly attempts?: number
  /** How long to wait before the next attempt; default not at all. */
  readonly backoff?: Backoff | BackoffFunction
  /** How long one attempt may take, ms; default unlimited. Past it the signal fires, and a second later the attempt has failed. */
  readonly timeLimit?: number
  /** 1 is first; default: jobs without a priority are before all that have one. */
  readonly priority?: number
  /** How long the job waits before it may run, ms; default not at all. */
  readonly delay?: number
  /** When its owner is told that it takes longer than expected, where no worker has picked it up, ms; default 5 minutes. */
  readonly pickUpWithin?: number
  /** A key of which an owner has one unfinished job at a time: enqueueing another gives the first one's id. */
  unique?(job: { readonly input: StandardSchemaV1.InferOutput<Schema>; readonly owner: string }): string
  /** The words in which the job is told of. */
  readonly messages: JobMessages<StandardSchemaV1.InferOutput<Schema>, Result>
}

/** Does a job's work. It may run twice, when a worker dies: what it does must be repeatable. */
export type Processor<Input, Result> = (
  context: JobContext<Input>,
) => Promise<Result | PartialResult<Result>> | Result | PartialResult<Result>

/** What {@link defineJob} is given for a job that runs in the worker's process. */
export interface JobOptions<Schema extends StandardSchemaV1, Result> extends JobRecipe<Schema, Result> {
  /** Does the work. It may run twice, when a worker dies: what it does must be repeatable. */
  run(context: JobContext<StandardSchemaV1.InferOutput<Schema>>): Promise<Result | PartialResult<Result>>
  readonly sandbox?: undefined
}

/** What {@link defineJob} is given for a job that runs in a process of its own. */
export interface SandboxedJobOptions<Schema extends StandardSchemaV1, Result>
  extends JobRecipe<Schema, Result> {
  /**
   * The module whose default export does the work: a {@link Processor}. It runs in a child process, so that it can neither
   * block nor kill the worker, and can be ended when it does not stop by itself.
   */
  readonly sandbox: URL
  readonly run?: undefined
}

/** A job that can be enqueued and run. Made by {@link defineJob}. */
export interface JobDefinition<Schema extends StandardSchemaV1 = StandardSchemaV1, Result = unknown>
  extends JobRecipe<Schema, Result> {
  readonly title: string
  readonly version: number
  readonly attempts: number
  readonly pickUpWithin: number
  readonly sandbox?: undefined
  /** Does the work; for a sandboxed job, in a child process for this call alone. */
  run(context: JobContext<StandardSchemaV1.InferOutput<Schema>>): Promise<Result | PartialResult<Result>>
}

/** A definition whose types don't matter, as in a list of all. */
export type AnyJobDefinition = JobDefinition<StandardSchemaV1, unknown>

/**
 * Defines a job: what it is given, what it does, and the words in which its owner is told how it ended.
 * @throws TypeError for a definition that can't work, naming the job, and for each fault what was expected and what came.
 */
export function defineJob<Schema extends StandardSchemaV1, Result>(
  options: JobOptions<Schema, Result> | SandboxedJobOptions<Schema, Result>,
): JobDefinition<Schema, Result> {
  const faults = faultsOf(options)
  if (faults.length > 0)
    throw new TypeError(`Job ${named(options)} can't be defined:\n  ${faults.join('\n  ')}`)
  const { sandbox, ...recipe } = options
  return Object.freeze({
    ...recipe,
    title: options.title ?? titleFrom(options.name),
    version: options.version ?? 1,
    attempts: options.attempts ?? 1,
    pickUpWithin: options.pickUpWithin ?? PICK_UP_WITHIN,
    run: sandbox ? sandboxed(sandbox) : options.run,
  }) as JobDefinition<Schema, Result>
}

function named(options: unknown): string {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined
  return typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : shown(name).slice(0, 100)
}
