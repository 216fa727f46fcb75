import { z } from 'zod'
import type { Definitions } from './definitions.ts'
import type { JobQueue } from './job-queue.ts'
import { OwnScript } from './script.ts'

/** How many jobs wait to be picked up, wait for their time, and run. */
export interface OpenJobs {
  readonly waiting: number
  readonly delayed: number
  readonly running: number
}

/** The jobs that haven't ended, by name: of each state those that come first. */
export interface NamedStats {
  /** For each definition, and under `''` jobs that none of them names. */
  readonly names: ReadonlyMap<string, OpenJobs>
  /** Those that were not looked at. */
  readonly beyond: OpenJobs
}

/** {@link Jobs.statsByName}. */
export const namedStatsSchema = z.strictObject({ limit: z.int().min(1).max(10_000).default(1000) })

const NAMES = new OwnScript('names')
const STATES = ['waiting', 'delayed', 'running'] as const
const NONE: OpenJobs = { waiting: 0, delayed: 0, running: 0 }
const state = z.tuple([z.number(), z.array(z.union([z.string(), z.number()]))])
const reply = z.tuple([state, state, state])

/** Counts by name, at most `limit` jobs of each state, of all queues together. */
export async function namedStats(
  queues: readonly JobQueue[],
  definitions: Definitions,
  { limit }: z.output<typeof namedStatsSchema>,
): Promise<NamedStats> {
  const each = Math.ceil(limit / queues.length)
  const looks = await Promise.all(
    queues.map(async jobs => reply.parse(await jobs.run(NAMES, [jobs.key('wait')], [each]))),
  )
  const names = new Map([...definitions.keys(), ''].map(name => [name, { ...NONE }]))
  const beyond = { ...NONE }
  for (const look of looks)
    for (const [at, [total, counts]] of look.entries()) {
      const state = STATES[at] ?? 'waiting'
      let looked = 0
      for (let i = 0; i < counts.length; i += 2) {
        const count = Number(counts[i + 1])
        const known = names.get(String(counts[i])) ?? names.get('')
        if (known) known[state] += count
        looked += count
      }
      beyond[state] += Math.max(0, total - looked)
    }
  return { names, beyond }
}
