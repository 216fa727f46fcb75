import type { SentForm } from '../sent-form.ts'
import type { ShownTime } from '../shown-time.ts'
import type { FormField } from './form-field.ts'

/** What the pages know of one kind of job: how what it was given and what came of it are told. */
export interface JobKind {
  /** The definition's name. */
  name: string
  title: string
  /** What it takes to run a job again with what it was given; absent where that makes no sense. */
  again?(input: unknown, options: { owner: string }): Promise<Again>
  /** What a job was given, for its page. */
  given(input: unknown): Fact[]
  /** What came of it, for its page. */
  result(result: unknown): JobResult
}

/** A kind of job that has a form on the page of jobs. The others are started elsewhere. */
export interface StartableJobKind extends JobKind {
  /** A sentence or two above the form, which is sent to `/jobs/<name>`. */
  about: string | undefined
  button: string
  fields: readonly FormField[]
  /** Reads a form that somebody sent. */
  read(form: SentForm, options: { owner: string }): Promise<ReadForm>
}

/**
 * A form that was read: what starts its job, or what is wrong with it, by field, in words for the person who filled it in. The
 * same owner and key lead to the same job.
 */
export type ReadForm =
  | {
      start(options: { idempotencyKey: string | undefined }): Promise<{ id: string }>
      problems?: undefined
    }
  | { problems: Record<string, string> }

/** Whether a kind of job has a form. */
export function isStartable(kind: JobKind): kind is StartableJobKind {
  return 'read' in kind
}

/** Runs a job again, once for a key; or says in a sentence what for that isn't there any more. */
export type Again =
  | { start(options: { idempotencyKey: string | undefined }): Promise<{ id: string }> }
  | { gone: string }

/** A line of a definition list. */
export interface Fact {
  term: string
  text: string
  /** Of a moment, for the reader's zone. */
  iso?: string
}

/** What a job's page says of its result. */
export interface JobResult {
  facts: Fact[]
  /** Lines of a file that were skipped, and how many more there are than these. */
  skipped?: { lines: readonly { line: number; reason: string }[]; more: number }
  /** A file to fetch, until it expires. */
  download?: { href: string; name: string; expires: ShownTime; isExpired: boolean }
}
