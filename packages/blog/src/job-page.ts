import type { JobDefinition } from '@tidings/jobs'
import type { z } from 'zod'

/** The words of a job's form that its schema can't hold. */
export interface JobForm {
  /** A sentence or two above the form: what the job does, and what happens next. */
  about?: string
  /** What stands on the button; default “Start”. */
  button?: string
}

/** What a schema can't say of a field. Its label and its hint are the schema's `title` and `description`. */
export interface FieldExtras {
  /** What stands in the field at first; default: the schema's default. */
  initial?: string
  /** The words of a choice's values, in the schema's order; what is `more` stands in the form alone. */
  options?: Readonly<Record<string, string | { text: string; more: string }>>
  /** A text of several lines: so many are seen at once. */
  lines?: number
  /** The field takes a file, and the job is given the id under which it is kept. */
  upload?: UploadField
  /** Not asked for: the server says what it is. */
  filledIn?(start: JobStart): unknown
}

/** What the server knows of a job that is being started. */
export interface JobStart {
  owner: string
}

/** A field that takes a file. */
export interface UploadField {
  /** Extensions with their dot, and media types. */
  accept: readonly string[]
  maxBytes: number
  /** The input that is given the file's name; it is not asked for. */
  nameIn?: string
  /** The media type under which the file is kept; default `application/octet-stream`. */
  typeOf?(content: Uint8Array, name: string): string
  /** Why this can't be such a file, in a sentence; without it, a name must end in one of the extensions. */
  whyNot?(content: Uint8Array, name: string): string | undefined
}

/** A line of what a job was given, or of what came of it. */
export interface JobFact {
  term: string
  value: string | number | Date
}

/** What a job's page says of its result. */
export interface JobResult {
  facts: readonly JobFact[]
  /** Lines of a file that were skipped, and how many more there are than these. */
  skipped?: { lines: readonly { line: number; reason: string }[]; more: number }
  /** A stored file to fetch, until it expires. */
  file?: { id: string; name: string; expiresAt: Date }
}

/** How a job is met on pages. Its form is made of its definition's input, and of these words. */
export interface JobPage<Input = unknown, Asked = unknown> {
  /** `'none'`: it is started elsewhere, and nobody can start it by a form. */
  form: JobForm | 'none'
  fields?: { readonly [Name in keyof Asked & string]?: FieldExtras }
  /** What a job was given, as its schema gave it back; by default, its fields and what was chosen in them. */
  given?(input: Input): JobFact[]
  /** What came of it, as it is stored: maybe by another version. Undefined where that can't be told. */
  result?(result: unknown): JobResult | undefined
}

/** A job with its page. */
export type PagedJob<Schema extends z.ZodType = z.ZodType, Result = unknown> = JobDefinition<
  Schema,
  Result
> & { readonly page: JobPage<z.output<Schema>, z.input<Schema>> }

/** A job with its page whose types don't matter, as in a list of all. */
export type AnyPagedJob = JobDefinition<z.ZodType, unknown> & {
  readonly page: Omit<JobPage, 'fields'> & { fields?: Readonly<Record<string, FieldExtras | undefined>> }
}

/** Says how a job is met on pages. */
export function withPage<Schema extends z.ZodType, Result>(
  definition: JobDefinition<Schema, Result>,
  page: JobPage<z.output<Schema>, z.input<Schema>>,
): PagedJob<Schema, Result> {
  return Object.freeze({ ...definition, page })
}
