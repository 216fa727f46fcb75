import { ENDINGS, type EndingName } from './endings.mjs'
import type { Ending } from './history.ts'
import type { Random } from './random.ts'

/** A job that somebody will ask for. */
export interface PlannedJob {
  readonly label: string
  readonly owner: string
  readonly ending: EndingName
  /** How long it works, ms. */
  readonly ms: number
  readonly may: readonly Ending[]
  /** When it is asked for, as a part of the whole time. */
  readonly at: number
  /** Whether its asker asks again when no answer came. */
  readonly insists: boolean
}

// Of a thousand; the rest succeed.
const SHARES: Partial<Record<EndingName, number>> = {
  partial: 120,
  fails: 80,
  flaky: 120,
  refuses: 80,
  'kills-once': 6,
  'kills-always': 2,
  slow: 4,
  blocks: 2,
  'throws-text': 15,
  'throws-nothing': 15,
  'throws-circular': 15,
  'throws-much': 5,
}

// What holds a worker for longer than its lock: a few show as much as many, and many would hold all workers all the time.
const MOST: Partial<Record<EndingName, number>> = { slow: 12, blocks: 4 }

/** Jobs of every ending, for owners by turns, in an order that the random numbers decide. */
export function planJobs(
  random: Random,
  { count, owners, long }: { count: number; owners: number; long: number },
): PlannedJob[] {
  const names = Object.keys(SHARES) as EndingName[]
  const endings = names.flatMap(name => {
    const share = Math.max(1, Math.round(((SHARES[name] ?? 0) * count) / 1000))
    return Array<EndingName>(Math.min(share, MOST[name] ?? share)).fill(name)
  })
  while (endings.length < count) endings.push('success')
  return shuffled(endings.slice(-count), random).map((ending, i) => ({
    label: `job-${i}`,
    owner: `owner-${i % owners}`,
    ending,
    ms: ending === 'slow' || ending === 'blocks' ? long : random.whole(0, 50),
    may: ENDINGS[ending],
    // What kills its worker each time takes several locks to be given up: early, so that nobody waits for it in the end.
    at: (i / count) * (ending === 'kills-always' ? 0.3 : 1),
    insists: random.next() < 0.8,
  }))
}

/** The same in another order. */
function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values
    .map(value => ({ value, by: random.next() }))
    .sort((a, b) => a.by - b.by)
    .map(({ value }) => value)
}
