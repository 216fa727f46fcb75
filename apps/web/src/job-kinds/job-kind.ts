import type { SentForm } from '../sent-form.ts'
import type { ShownTime } from '../shown-time.ts'

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
  about: string
  button: string
  fields: readonly FormField[]
  /** What is wrong with the form, by field, in words for the person who filled it in; empty when nothing is. */
  problems(form: SentForm): Record<string, string>
  /** Starts the job. The same owner and key lead to the same job. */
  start(
    form: SentForm,
    options: { owner: string; idempotencyKey: string | undefined },
  ): Promise<{ id: string }>
}

/** Whether a kind of job has a form. */
export function isStartable(kind: JobKind): kind is StartableJobKind {
  return 'start' in kind
}

/** Runs a job again, once for a key; or says in a sentence what for that isn't there any more. */
export type Again =
  | { start(options: { idempotencyKey: string | undefined }): Promise<{ id: string }> }
  | { gone: string }

/** A field of a job's form. `initial` is what stands in it at first. */
export type FormField = { name: string; label: string; hint?: string } & (
  | { kind: 'file'; accept: string }
  | { kind: 'radio' | 'select'; options: readonly { value: string; text: string }[]; initial: string }
  | { kind: 'text'; maxLength: number; initial: string }
  | { kind: 'number'; min: number; max: number; initial: string }
)

/** A line of a definition list. */
export interface Fact {
  term: string
  text: string
}

/** What a job's page says of its result. */
export interface JobResult {
  facts: Fact[]
  /** Lines of a file that were skipped, and how many more there are than these. */
  skipped?: { lines: { line: number; reason: string }[]; more: number }
  /** A file to fetch, until it expires. */
  download?: { href: string; name: string; expires: ShownTime; isExpired: boolean }
}

/** Of a result that can't be told. */
export const NO_RESULT: JobResult = { facts: [] }
