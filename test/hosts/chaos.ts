import { describe, expect, it } from 'vitest'
import { Random } from '../history/random.ts'
import { NO_FAULTS, trial } from './trial.ts'
import { clusterTrial, oneRedisTrial, sentinelTrial } from './trials.ts'

const { CHAOS_JOBS = '', CHAOS_SEED = '', CHAOS_MINUTES = '' } = process.env
const lasts = Number(CHAOS_MINUTES) * 60_000
const trials = [oneRedisTrial(3), sentinelTrial(0), sentinelTrial(1), clusterTrial(1), clusterTrial(8)]
const count = Math.ceil(Number(CHAOS_JOBS) / trials.length)

describe('several hosts tell of each job once', () => {
  it.each(trials)('$title', { timeout: 3 * lasts + 600_000 }, async planned => {
    const random = new Random(Number(CHAOS_SEED))
    const share = lasts / trials.length
    const found = await trial({ ...planned, count, lasts: share, random, poison: 2 })
    const named = Object.entries(found).map(([name, all]) => [name, all.length])
    console.log(planned.title, Object.fromEntries(named))
    expect(found).toEqual(NO_FAULTS)
  })
})
