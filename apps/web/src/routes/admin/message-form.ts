import { randomUUID } from 'node:crypto'
import { formText } from '../../form-text.ts'
import { PageError } from '../../page-error.ts'

/** What was typed, as it was typed. */
export interface MessageForm {
  /** Of the form: it sends one message. */
  id: string
  to: string
  names: string
  /** Names that nobody has are left out. */
  leaveOut: string
  level: string
  text: string
  href: string
  linkText: string
  from: string
  until: string
  /** In which the times are typed; empty: UTC. */
  zone: string
}

// What is longer is no slip of a person's; what a person may type is checked, and said, by the form.
const MAX: Readonly<Record<keyof MessageForm, number>> = {
  id: 36,
  to: 20,
  names: 60_000,
  leaveOut: 5,
  level: 20,
  text: 20_000,
  href: 4000,
  linkText: 1000,
  from: 40,
  until: 40,
  zone: 64,
}

/** An empty form. */
export function newForm(): MessageForm {
  const empty = { names: '', leaveOut: '', text: '', href: '', linkText: '', from: '', until: '', zone: '' }
  return { ...empty, id: randomUUID(), to: 'people', level: 'info' }
}

/**
 * The form that was sent.
 * @throws PageError 400 for what no form of ours sends.
 */
export function sentForm(body: unknown): MessageForm {
  const form = Object.fromEntries(
    Object.entries(MAX).map(([field, max]) => [field, formText(body, field, { max })]),
  ) as Record<keyof MessageForm, string>
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(form.id))
    throw new PageError(400, 'the id of the form is none of ours')
  return form
}
