import { describe, expect, it } from 'vitest'
import { Random, seedOf } from '../history/random.ts'
import { NO_FAULTS, trial } from './trial.ts'
import { clusterTrial, oneRedisTrial, sentinelTrial } from './trials.ts'

const seed = seedOf('hosts')

describe('two web hosts and three worker hosts tell of each job once', () => {
  it.each([
    ['a worker and a web host lose their network, and packets to another get lost', oneRedisTrial()],
    ['the master of a Sentinel set is alone with a web and a worker host', sentinelTrial(1)],
    ['a host of a cluster is alone with a web and a worker host', clusterTrial(8)],
  ])('when %s', { timeout: 240_000 }, async (_, planned) => {
    const found = await trial({ ...planned, count: 120, lasts: 10_000, random: new Random(seed) })
    expect(found).toEqual(NO_FAULTS)
  })
})
