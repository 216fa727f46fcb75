import { checkMessage, error, type NewMessage, success, warning } from '@tidings/messages'
import type { AnyJobDefinition, OutcomeText } from './define-job.ts'
import type { Log } from './log.ts'

/** How a job ended for good. */
export type Outcome =
  | { readonly kind: 'success'; readonly result: unknown }
  | { readonly kind: 'partial'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly reason: string }

/** Whose job ended, and what it was given. */
export interface EndedJob {
  readonly jobId: string
  readonly name: string
  readonly owner: string
  readonly input: unknown
}

const LEVEL = { success, partial: warning, failure: error }

/**
 * The message that tells an owner how their job ended, in the words of its definition. It never throws: where the words
 * can't be had, a fixed sentence stands in for them and the log says why.
 */
export function outcomeMessage(
  definition: AnyJobDefinition | undefined,
  job: EndedJob,
  outcome: Outcome,
  log: Log,
): NewMessage {
  const about = { key: `job:${job.jobId}`, job: job.jobId }
  const make = LEVEL[outcome.kind]
  if (definition) {
    try {
      const words = wordsOf(definition, job, outcome)
      const message =
        typeof words === 'string' ? make(words, about) : make(words.text, { ...words, ...about })
      checkMessage(message)
      return message
    } catch (err) {
      log.error(
        { err, job: job.name, jobId: job.jobId, outcome: outcome.kind },
        "a job's own words for its outcome failed",
      )
    }
  }
  return make(fixedWords(definition?.title ?? job.name, outcome), about)
}

function wordsOf(
  { messages, title }: AnyJobDefinition,
  { jobId, owner, input }: EndedJob,
  outcome: Outcome,
): OutcomeText {
  const ended = { jobId, owner, input }
  if (outcome.kind === 'failure') {
    return messages.failure?.({ ...ended, reason: outcome.reason }) ?? fixedWords(title, outcome)
  }
  const tell = (outcome.kind === 'partial' && messages.partial) || messages.success
  return tell({ ...ended, result: outcome.result })
}

function fixedWords(title: string, outcome: Outcome): string {
  if (outcome.kind === 'success') return `${title}: done.`
  if (outcome.kind === 'partial') return `${title}: done in part.`
  return `${title}: failed. ${outcome.reason}`
}
