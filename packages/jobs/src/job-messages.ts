import type { NewMessage } from '@tidings/messages'

/** A text for the owner, or a text with a link, extra tags, data or a translation. */
export type JobText = string | Pick<NewMessage, 'text' | 'link' | 'extraTags' | 'data' | 'i18n'>

/** The same for a job that was cancelled, which need not be a failure: INFO or WARNING, where its owner has wanted it so. */
export type CancelledText = JobText | (Exclude<JobText, string> & { readonly level?: number })

/** What every text function is told. */
export interface JobFacts<Input> {
  readonly input: Input
  readonly owner: string
  readonly jobId: string
}

/**
 * The words in which a job is told of. They are asked for while a job starts or ends: they answer at once (no promise). Where
 * one throws or returns no text, a fixed sentence stands in and the log says why.
 */
export interface JobMessages<Input, Result> {
  /** INFO, when the job is taken; the outcome replaces it while it is unread. Without it, or for `undefined`, there is none. */
  started?(job: JobFacts<Input>): JobText | undefined
  /** INFO, when no worker has picked the job up within `pickUpWithin`. Without it: the title, and that it takes longer. */
  overdue?(job: JobFacts<Input>): JobText
  /** SUCCESS. */
  success(job: JobFacts<Input> & { readonly result: Result }): JobText
  /** WARNING, where `run` returned `partial(…)`. Without it, `success` is asked. */
  partial?(job: JobFacts<Input> & { readonly result: Result }): JobText
  /** ERROR. `reason` is safe to show: the text of a JobFailure, or a fixed sentence. Without it: the title and the reason. */
  failure?(job: JobFacts<Input> & { readonly reason: string }): JobText
  /** ERROR, unless it says otherwise, for a job that was cancelled or removed. Without it: the title and the reason. */
  cancelled?(job: JobFacts<Input> & { readonly reason: string }): CancelledText
}
