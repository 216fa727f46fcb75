import { type CheckedMessage, checkMessage, LEVELS, type NewMessage } from '@tidings/messages'
import type { AnyJobDefinition } from './define-job.ts'
import type { JobText } from './job-messages.ts'
import type { Log } from './log.ts'
import { loggable, shown } from './odd-error.ts'

/** How a job ended for good. */
export type Outcome =
  | { readonly kind: 'success'; readonly result: unknown }
  | { readonly kind: 'partial'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly reason: string }
  /** By default, the reason is that it was cancelled. */
  | { readonly kind: 'cancelled'; readonly reason?: string }

/** Whose job this is, and what it was given. */
export interface EndedJob {
  readonly jobId: string
  readonly name: string
  readonly owner: string
  /** As the schema gave it back. */
  readonly input: unknown
}

const LEVEL = {
  success: LEVELS.SUCCESS,
  partial: LEVELS.WARNING,
  failure: LEVELS.ERROR,
  cancelled: LEVELS.ERROR,
}
const CANCELLED = 'It was cancelled.'
// More than a message holds: nobody checks ten megabytes to keep two thousand characters of them.
const MAX_TEXT = 8000
const MAX_NAME = 100

/**
 * The message that tells an owner how their job ended, in the words of its definition. It never throws: where the words
 * can't be had, a fixed sentence stands in for them and the log says why.
 */
export function outcomeMessage(
  definition: AnyJobDefinition | undefined,
  job: EndedJob,
  outcome: Outcome,
  log: Log,
): CheckedMessage {
  const level = LEVEL[outcome.kind]
  const own =
    definition && ownWords(job, outcome.kind, log, level, () => outcomeWords(definition, job, outcome))
  return own ?? checkMessage(told(level, fixedWords(titleOf(definition, job), outcome), job))
}

/** The same for a job that was cancelled, or is gone: as it stands in the ledger from the moment in which the job is taken. */
export function cancelledMessage(
  definition: AnyJobDefinition | undefined,
  job: EndedJob,
  log: Log,
  reason?: string,
): CheckedMessage {
  return outcomeMessage(definition, job, { kind: 'cancelled', ...(reason && { reason }) }, log)
}

/** The message that a job was taken; `undefined` where its definition has none. */
export function startedMessage(
  definition: AnyJobDefinition,
  job: EndedJob,
  log: Log,
): CheckedMessage | undefined {
  const { messages } = definition
  if (!messages.started) return undefined
  let isSilent = false
  const own = ownWords(job, 'started', log, LEVELS.INFO, () => {
    const words = messages.started?.(facts(job))
    isSilent = words === undefined
    return words ?? `${definition.title}: started.`
  })
  if (isSilent) return undefined
  return own ?? checkMessage(told(LEVELS.INFO, `${definition.title}: started.`, job))
}

/** The message that a job still waits to be picked up. It is no outcome. */
export function overdueMessage(
  definition: AnyJobDefinition | undefined,
  job: EndedJob,
  log: Log,
): CheckedMessage {
  const fixed = `${titleOf(definition, job)} is taking longer than expected.`
  const words = definition?.messages.overdue
  const own = words && ownWords(job, 'overdue', log, LEVELS.INFO, () => words(facts(job)))
  return own ?? checkMessage(told(LEVELS.INFO, fixed, job))
}

function outcomeWords({ messages, title }: AnyJobDefinition, job: EndedJob, outcome: Outcome): JobText {
  switch (outcome.kind) {
    case 'success':
      return messages.success({ result: outcome.result, ...facts(job) })
    case 'partial':
      return messages.partial
        ? messages.partial({ result: outcome.result, ...facts(job) })
        : messages.success({ result: outcome.result, ...facts(job) })
    case 'failure':
      return messages.failure
        ? messages.failure({ reason: outcome.reason, ...facts(job) })
        : fixedWords(title, outcome)
    case 'cancelled':
      return messages.cancelled
        ? messages.cancelled({ reason: outcome.reason ?? CANCELLED, ...facts(job) })
        : fixedWords(title, outcome)
  }
}

function fixedWords(title: string, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'success':
      return `${title}: done.`
    case 'partial':
      return `${title}: done in part.`
    case 'failure':
      return `${title}: failed. ${outcome.reason}`
    case 'cancelled':
      return `${title}: cancelled.${outcome.reason && outcome.reason !== CANCELLED ? ` ${outcome.reason}` : ''}`
  }
}

/** The message in a definition's own words; `undefined` where they can't be had. */
function ownWords(
  job: EndedJob,
  what: string,
  log: Log,
  level: number,
  words: () => JobText,
): CheckedMessage | undefined {
  try {
    const said: unknown = words()
    ignoreRejection(said)
    return checkMessage(read(what === 'cancelled' ? levelOf(said, level) : level, said, job))
  } catch (error) {
    try {
      log.error(
        { err: loggable(error), job: job.name, jobId: job.jobId, message: what },
        "a job's own words failed",
      )
    } catch {
      // A broken log is no reason for a job not to end.
    }
    return undefined
  }
}

function read(level: number, said: unknown, job: EndedJob): NewMessage {
  if (typeof said === 'string') return told(level, said, job)
  if (typeof said !== 'object' || said === null || !('text' in said) || typeof said.text !== 'string')
    throw new TypeError(`expected a text, or an object with a text; got ${shown(said).slice(0, 200)}`)
  const { text, link, extraTags, data, i18n } = said as Exclude<JobText, string>
  return Object.assign(
    told(level, text, job),
    link !== undefined && { link },
    extraTags !== undefined && { extraTags },
    data !== undefined && { data },
    i18n !== undefined && { i18n },
  )
}

// Written out: to copy an object and add to it takes longer than all else that a message needs.
function told(level: number, text: string, { jobId }: EndedJob): NewMessage {
  return { level, text: text.slice(0, MAX_TEXT), key: `job:${jobId}`, job: jobId }
}

/** An outcome that nobody has to be alarmed at: never a success, and never less than a note. */
function levelOf(said: unknown, usual: number): number {
  const { level = usual } = Object(said) as { level?: unknown }
  if (level === LEVELS.INFO || level === LEVELS.WARNING || level === LEVELS.ERROR) return level
  throw new TypeError(
    `expected the level of a cancelled job to be INFO, WARNING or ERROR; got ${shown(level)}`,
  )
}

/** Words that are a promise are refused; that it fails later must not end the process. */
function ignoreRejection(said: unknown): void {
  if (said instanceof Promise) said.catch(() => {})
}

function facts({ jobId, owner, input }: EndedJob) {
  return { jobId, owner, input }
}

function titleOf(definition: AnyJobDefinition | undefined, job: Pick<EndedJob, 'name'>): string {
  return definition?.title ?? job.name.slice(0, MAX_NAME)
}
