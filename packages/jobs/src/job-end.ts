/** A job that has ended in this worker, and how. */
export interface JobEnd {
  /** The definition's name. */
  readonly job: string
  readonly jobId: string
  readonly outcome: 'success' | 'partial' | 'failure' | 'cancelled'
  /** How long the last attempt took, ms; `undefined` for one that never began. */
  readonly ms: number | undefined
}
