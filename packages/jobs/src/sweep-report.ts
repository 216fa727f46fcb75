/** What a sweep has found and done. */
export interface SweepReport {
  /** Jobs whose outcome is owed. */
  readonly owed: number
  /** How long the one that was due first has been due, ms; 0 for none. */
  readonly overdue: number
  /** Owners who were told of a job that had ended, or was gone, without one of our workers. */
  readonly told: number
  /** The longest time between the end of a job and the moment in which its owner was told by this sweep, ms. */
  readonly lag: number
  /** Owners who were told that a job takes longer. */
  readonly reminded: number
  /** Messages that couldn't be delivered before and were now, and those that still can't be. */
  readonly delivered: number
  readonly undelivered: number
}

/** The report of several queues, from those of each. */
export function summed(reports: readonly SweepReport[]): SweepReport {
  const sum = (of: (report: SweepReport) => number) => reports.reduce((all, report) => all + of(report), 0)
  return {
    owed: sum(({ owed }) => owed),
    overdue: Math.max(...reports.map(({ overdue }) => overdue)),
    lag: Math.max(...reports.map(({ lag }) => lag)),
    told: sum(({ told }) => told),
    reminded: sum(({ reminded }) => reminded),
    delivered: sum(({ delivered }) => delivered),
    undelivered: sum(({ undelivered }) => undelivered),
  }
}
