import type { JobContext, Steps } from './job-context.ts'
import type { StopCode } from './job-stopped.ts'

/** What the worker tells a child. */
export type ToChild =
  | {
      readonly type: 'run'
      readonly facts: Pick<JobContext<unknown>, 'input' | 'owner' | 'jobId' | 'attempt' | 'attempts'>
    }
  | { readonly type: 'stop'; readonly code: StopCode; readonly text: string }

/** What a child tells the worker. */
export type FromChild =
  | { readonly type: 'progress'; readonly how: number | Steps; readonly text?: string | undefined }
  | { readonly type: 'log'; readonly level: LogLevel; readonly facts: object; readonly text: string }
  | { readonly type: 'returned'; readonly isPartial: boolean; readonly result: unknown }
  /** `isLast`: the child ends itself, being in no state to run another job. */
  | { readonly type: 'threw'; readonly error: ThrownError; readonly isLast?: boolean }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** An error on its way out of a child. */
export interface ThrownError {
  readonly name: string
  readonly message: string
  readonly stack: string
  /** Set for a JobFailure: its text may be shown. */
  readonly failure?: { readonly text: string; readonly retry: boolean } | undefined
}
