import type { UploadField } from '@tidings/blog'

/** A field of a job's form, as it is made of the definition. `initial` is what stands in it at first. */
export type FormField = {
  name: string
  label: string
  hint?: string
  initial: string
  /** What the job is given where the form doesn't hold the field, or nothing stands in it. */
  fallback: string | number | boolean | undefined
  /** Whether a browser asks for it before it sends the form. */
  isRequired: boolean
  /** What the job is given where the field is left empty: nothing, so that the schema decides, or the empty text. */
  isLeftOut: boolean
} & (
  | { kind: 'text'; type: 'text' | 'email' | 'url'; maxLength: number }
  | { kind: 'lines'; rows: number; maxLength: number }
  | { kind: 'number'; min?: number; max?: number; step: number | 'any'; isWhole: boolean }
  | { kind: 'radio' | 'select'; options: readonly Option[] }
  | { kind: 'date' | 'time' }
  | { kind: 'checkbox' }
  | { kind: 'file'; accept: string; upload: UploadField }
)

/** What one may choose. In a form `more` follows the text. */
export interface Option {
  value: string
  text: string
  more?: string
}

/** How much may be typed where the schema sets no bound. */
export const LONGEST = { text: 1000, lines: 20_000 }
