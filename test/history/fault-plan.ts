import type { Random } from './random.ts'

/** A fault, and when it strikes, as a part of the whole time. */
export interface PlannedFault {
  readonly what: 'kill a worker' | 'pause a worker' | 'crash Redis' | 'crash Redis and cut'
  readonly at: number
  /** How long a pause or an outage lasts, as a part of the longest. */
  readonly length: number
  /** How many bytes go. */
  readonly cut: number
}

/** How many faults of each kind strike. */
export type FaultCounts = Readonly<Record<PlannedFault['what'], number>>

/** Faults of each kind, spread over the time, each at a moment that the random numbers decide; the earliest first. */
export function planFaults(random: Random, counts: FaultCounts): PlannedFault[] {
  const faults = Object.entries(counts).flatMap(([what, count]) =>
    Array.from({ length: count }, (_, i) => ({
      what: what as PlannedFault['what'],
      at: (i + random.next()) / count,
      length: random.next(),
      cut: Math.round(2 ** random.between(3, 15)),
    })),
  )
  return faults.sort((a, b) => a.at - b.at)
}
