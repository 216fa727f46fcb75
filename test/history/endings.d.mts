import type { JobDefinition } from '@tidings/jobs'
import type { Ending } from './history.ts'

/** Every way in which the job of these tests ends, and what its owner may be told then. */
export const ENDINGS: Readonly<
  Record<
    | 'success'
    | 'partial'
    | 'fails'
    | 'flaky'
    | 'refuses'
    | 'kills-once'
    | 'kills-always'
    | 'slow'
    | 'blocks'
    | 'throws-text'
    | 'throws-nothing'
    | 'throws-circular'
    | 'throws-much',
    readonly Ending[]
  >
>

/** The name of an ending. */
export type EndingName = keyof typeof ENDINGS

/** A job that ends as it is told; `once(label)` says whether it is the first to ask. */
export function endingJob(once?: (label: string) => Promise<boolean>): JobDefinition
