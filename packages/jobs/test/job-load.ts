import { setTimeout as pause } from 'node:timers/promises'
import type { RedisMessageStore } from '@tidings/messages'
import { vi } from 'vitest'
import { z } from 'zod'
import { defineJob, type Jobs } from '../src/index.ts'

/** Servers of which one is killed while people ask for jobs and workers run them. */
export interface FailingServers {
  /** The port of the master that has an owner's jobs at this moment. */
  masterOf(owner: string): Promise<number>
  /** How many replicas have what this connection has written to that master, after half a second at most. */
  replicas(port: number): Promise<number>
  /** Kills one; resolves when its replica has taken over. */
  fail(): Promise<void>
}

/** What went wrong. A job that isn't known to be on a replica may be lost with its master: then it counts for nothing here. */
export interface JobLoadResult {
  /** Accepted for good, and without an outcome. */
  readonly lost: readonly string[]
  /** Told more than once, in the inbox as it is after the failover. */
  readonly doubled: readonly string[]
  /** Told although nobody asked for it, told to another, or told as failed. */
  readonly strange: readonly string[]
  readonly accepted: { readonly before: number; readonly after: number }
  readonly unknown: number
  /** How long after the kill the last outcome was there, ms. */
  readonly took: number
}

/** One attempt: a job that did its work must not be told as failed because its end met a server that was gone. */
export const worked = defineJob({
  name: 'work',
  title: 'Work',
  input: z.object({ label: z.string() }),
  run: async ({ input }) => {
    await pause(20)
    return input
  },
  messages: { success: ({ result }) => result.label, failure: ({ reason }) => `failed: ${reason}` },
})

const ENOUGH = 300
const PATIENCE = { timeout: 30_000, interval: 20 }

/**
 * Enqueues jobs of owners while workers run them, kills a master after a while, goes on when the replica has taken over,
 * and looks at last what each owner was told. What was told is read at once, so that a second outcome would stand beside it.
 */
export async function loadJobsWithFailure(
  jobs: Jobs,
  store: RedisMessageStore,
  owners: readonly string[],
  servers: FailingServers,
): Promise<JobLoadResult> {
  const asked = new Map<string, 'accepted' | 'unknown'>()
  const accepted = { before: 0, after: 0 }
  const phase = { hasFailed: false, isOver: false }
  const first = new Map<string, number>()
  for (const owner of owners) first.set(owner, await servers.masterOf(owner))

  /** Whether a job is there for good: its answer came from a master that has it on its replica, or that took over. */
  const isSafe = async (owner: string, label: string): Promise<boolean> => {
    try {
      const before = await servers.masterOf(owner)
      await jobs.enqueue(worked, { label }, { owner })
      const after = await servers.masterOf(owner)
      return before === after && (first.get(owner) !== before || (await servers.replicas(before)) > 0)
    } catch {
      return false
    }
  }
  const ask = async (owner: string) => {
    for (let i = 0; !phase.isOver; i++) {
      const label = `${owner} ${i}`
      const { hasFailed } = phase
      asked.set(label, 'unknown')
      if (await isSafe(owner, label)) {
        asked.set(label, 'accepted')
        accepted[hasFailed ? 'after' : 'before']++
      }
      await pause(50)
    }
  }
  const read = async () => {
    while (!phase.isOver)
      for (const owner of owners) {
        const unread = async () => (await store.inbox(owner)).filter(message => message.unread)
        const reading = unread().then(all =>
          store.read(
            { owner },
            all.map(({ id }) => id),
          ),
        )
        await reading.catch(() => pause(20))
      }
  }

  const people = [...owners.map(ask), read()]
  await vi.waitUntil(() => accepted.before >= ENOUGH, PATIENCE)
  const killed = Date.now()
  await servers.fail()
  phase.hasFailed = true
  await vi.waitUntil(() => accepted.after >= ENOUGH, PATIENCE)
  phase.isOver = true
  await Promise.all(people)

  const told = new Map<string, number>()
  const strange: string[] = []
  const look = async () => {
    told.clear()
    strange.length = 0
    for (const owner of owners) {
      for (const { text } of await store.inbox(owner)) {
        told.set(text, (told.get(text) ?? 0) + 1)
        if (!asked.has(text) || !text.startsWith(`${owner} `)) strange.push(`${owner} was told: ${text}`)
      }
    }
  }
  const known = [...asked].filter(([, state]) => state === 'accepted').map(([label]) => label)
  const lost = () => known.filter(label => !told.has(label))
  const isAllTold = async () => {
    await look()
    return lost().length === 0
  }
  await vi.waitUntil(isAllTold, { ...PATIENCE, interval: 200 }).catch(() => {})
  const took = Date.now() - killed
  // What is neither lost nor owed has ended: a job that was run again may still be about to be told again.
  await vi.waitUntil(async () => (await jobs.sweep())?.owed === 0, PATIENCE)
  await look()
  return {
    lost: lost(),
    doubled: [...told].filter(([, times]) => times > 1).map(([label]) => label),
    strange,
    accepted,
    unknown: asked.size - known.length,
    took,
  }
}
