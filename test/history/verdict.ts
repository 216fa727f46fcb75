import { LEVELS } from '@tidings/messages'
import type { Asked, Ending, Final, History, Told } from './history.ts'

/** What a history says when all is over. The first five are faults, and list labels or messages. */
export interface Verdict {
  /** Acknowledged, or found in BullMQ, and its owner was never told. */
  readonly lost: string[]
  /** Told more than once in the same way, or the same message on two pages. */
  readonly doubled: string[]
  /** Told in two ways that can't both be true. */
  readonly contradictory: string[]
  /** Told something other than BullMQ's final state, or than a job of its kind can end with. */
  readonly mismatched: string[]
  /** A message that nobody asked for, or to somebody else. */
  readonly unexpected: string[]
  readonly counts: {
    readonly acknowledged: number
    /** Asked for without an answer. */
    readonly unknown: number
    /** Of these: taken all the same. */
    readonly recovered: number
    /** Given up because their workers died too often, though they would have ended otherwise. */
    readonly givenUp: number
    readonly outcomes: number
    /** Jobs that had not ended when it was over. */
    readonly open: number
  }
  /** What was acknowledged or shown only in an end of Redis' file that was cut off: whether that holds is unknown. */
  readonly inCutTails: string[]
}

/** Compares what was asked for with what came out and with what BullMQ holds. */
export function judge(history: History): Verdict {
  const finals = new Map(history.finals.map(final => [final.label, final]))
  const labels = labelsById(history)
  const told = new Map<string, Told[]>()
  for (const each of history.told) {
    const label = (each.job && labels.get(each.job)) ?? ''
    told.set(label, [...(told.get(label) ?? []), each])
  }
  const cases = [...history.asked.values()].map(asked => {
    const final = finals.get(asked.label)
    const isCut = inCutTail(history, asked, final)
    const all = told.get(asked.label) ?? []
    // A cut takes the newest away, of everything alike: what is left must still be one history. What people saw before is not in it.
    return { asked, final, isCut, told: isCut ? all.filter(({ where }) => where === 'inbox') : all }
  })
  const which = (isFault: (each: Case) => boolean) => cases.filter(isFault).map(({ asked }) => asked.label)
  return {
    lost: which(isLost),
    doubled: which(({ told }) => isTwice(told) || isOnTwoPages(told, history)),
    contradictory: which(({ told }) => new Set(told.map(({ ending }) => ending)).size > 1),
    mismatched: which(isMismatched),
    unexpected: history.told
      .filter(({ job, owner }) => history.asked.get((job && labels.get(job)) ?? '')?.owner !== owner)
      .map(({ owner, message, job }) => `${owner}: ${message} (job ${job})`),
    counts: {
      acknowledged: cases.filter(({ asked }) => asked.answer === 'ok').length,
      unknown: cases.filter(({ asked }) => asked.answer !== 'ok').length,
      recovered: cases.filter(({ asked, final }) => asked.answer !== 'ok' && final).length,
      givenUp: cases.filter(({ asked, final }) => final?.stalled && !asked.may.includes('failure')).length,
      open: history.finals.filter(({ ending }) => ending === 'open').length,
      outcomes: new Set(history.told.map(({ owner, message }) => `${owner} ${message}`)).size,
    },
    inCutTails: which(({ isCut }) => isCut),
  }
}

// A page is confirmed when it was sent, and again until that has an answer: no trial keeps Redis away for longer.
const CONFIRMED_WITHIN = 10_000

interface Case {
  readonly asked: Asked
  readonly final: Final | undefined
  readonly isCut: boolean
  readonly told: readonly Told[]
}

function isLost({ asked, final, isCut, told }: Case): boolean {
  const isOwed = final !== undefined || (asked.answer === 'ok' && !isCut)
  return isOwed && told.length === 0
}

function isTwice(told: readonly Told[]): boolean {
  const endings = new Map(told.map(({ message, ending }) => [message, ending]))
  return new Set(endings.values()).size < endings.size
}

function isOnTwoPages(told: readonly Told[], history: History): boolean {
  const shown = told.filter(
    each =>
      each.where === 'page' && !history.unconfirmed.has(each.message) && !isConfirmationCut(history, each),
  )
  return new Set(shown.map(({ message }) => message)).size < shown.length
}

/**
 * Whether that a page was sent may have stood in an end that was cut off: then the message is unread again, and rightly so. A page
 * may be confirmed before whoever asked for it has read what has arrived.
 */
function isConfirmationCut({ cutOff }: History, { owner, at, askedAt = at }: Told): boolean {
  return cutOff.some(
    cut =>
      askedAt <= cut.at &&
      at > (cut.since ?? cut.at) - CONFIRMED_WITHIN &&
      cut.text.includes(`reading:user:${owner}\r`),
  )
}

function isMismatched({ asked, final, told }: Case): boolean {
  const last = told.reduce<Told | undefined>(
    (newest, each) => (newest && newest.message >= each.message ? newest : each),
    undefined,
  )
  if (!last) return false
  const couldBe = final?.stalled === true || asked.may.includes(last.ending)
  return final?.ending !== last.ending || !couldBe
}

function labelsById({ asked, finals }: History): Map<string, string> {
  const labels = new Map(finals.map(({ id, label }) => [id, label]))
  for (const { id, label } of asked.values()) if (id !== undefined) labels.set(id, label)
  return labels
}

function inCutTail({ cutOff }: History, { id }: Asked, final: Final | undefined): boolean {
  const job = id ?? final?.id
  return job !== undefined && cutOff.some(({ text }) => text.includes(job))
}

/** The ending that a message of this level tells of; none, where it tells of something else. */
export function endingOf(level: number): Ending | undefined {
  if (level >= LEVELS.ERROR) return 'failure'
  if (level >= LEVELS.WARNING) return 'partial'
  return level >= LEVELS.SUCCESS ? 'success' : undefined
}
