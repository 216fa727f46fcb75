import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import { info } from '../src/message.ts'
import type { MessageStore } from '../src/message-store.ts'

/** Servers of which one is killed while people post and read. */
export interface FailingServers {
  /** The port of the master that has an owner's lists at this moment. */
  masterOf(owner: string): Promise<number>
  /** How many replicas have what this connection has written to that master, after half a second at most. */
  replicas(port: number): Promise<number>
  /** Kills one; resolves when its replica has taken over. */
  fail(): Promise<void>
}

/** What went wrong. A step that isn't known to be on a replica may be lost with its master, and counts for nothing here. */
export interface LoadResult {
  /** Acknowledged ones that no page has shown. */
  readonly lost: readonly string[]
  /** Shown again after a page that was confirmed. */
  readonly doubled: readonly string[]
  /** Shown although nobody posted them, or to another. */
  readonly strange: readonly string[]
}

const ENOUGH = 200
const PATIENCE = { timeout: 15_000, interval: 10 }

/**
 * Posts to owners and shows them their pages, kills a master after a while, goes on when the replica has taken over, and at
 * last shows what is left.
 */
export async function loadWithFailure(
  store: MessageStore,
  owners: readonly string[],
  servers: FailingServers,
): Promise<LoadResult> {
  const posted = new Map<string, 'acknowledged' | 'unknown'>()
  const shown = new Map<string, 'for good' | 'unknown'>()
  const doubled: string[] = []
  const strange: string[] = []
  const acknowledged = { before: 0, after: 0 }
  const phase = { hasFailed: false, isOver: false }

  const first = new Map<string, number>()

  /** Whether a step is done for good: its answer came from a master that has it on its replica, or that took over. */
  const isSafe = async (owner: string, step: () => Promise<unknown>): Promise<boolean> => {
    try {
      const asked = await servers.masterOf(owner)
      await step()
      const answered = await servers.masterOf(owner)
      return asked === answered && (first.get(owner) !== asked || (await servers.replicas(asked)) > 0)
    } catch {
      return false
    }
  }
  for (const owner of owners) first.set(owner, await servers.masterOf(owner))

  const write = async (owner: string) => {
    for (let i = 0; !phase.isOver; i++) {
      const text = `${owner} ${i}`
      const { hasFailed } = phase
      if (await isSafe(owner, () => store.post(owner, info(text)))) {
        posted.set(text, 'acknowledged')
        acknowledged[hasFailed ? 'after' : 'before']++
      } else posted.set(text, 'unknown')
      await pause(10)
    }
  }
  const show = async (owner: string): Promise<number> => {
    const claim = await store.claim({ owner, browser: `browser of ${owner}` }, { limit: 10 })
    if (!claim) return 0
    const texts = claim.messages.map(({ text }) => text)
    strange.push(...texts.filter(text => !text.startsWith(`${owner} `)))
    doubled.push(...texts.filter(text => shown.get(text) === 'for good'))
    const ids = claim.messages.map(({ id }) => id)
    const isShown = await isSafe(owner, () => store.confirm(claim, ids))
    // What isn't known to be confirmed may be shown again.
    for (const text of texts) shown.set(text, isShown ? 'for good' : 'unknown')
    return texts.length
  }
  const read = async (owner: string) => {
    while (!phase.isOver) {
      await show(owner).catch(() => {})
      await pause(10)
    }
  }

  const people = owners.flatMap(owner => [write(owner), read(owner)])
  await vi.waitUntil(() => acknowledged.before >= ENOUGH, PATIENCE)
  await servers.fail()
  phase.hasFailed = true
  await vi.waitUntil(() => acknowledged.after >= ENOUGH, PATIENCE)
  phase.isOver = true
  await Promise.all(people)

  const known = [...posted].filter(([, state]) => state === 'acknowledged').map(([text]) => text)
  const lost = () => known.filter(text => !shown.has(text))
  const isAllShown = async () => {
    for (const owner of owners) while ((await show(owner)) > 0);
    return lost().length === 0
  }
  // What was claimed by a page that never heard of it waits for the end of its lease.
  await vi.waitUntil(isAllShown, PATIENCE).catch(() => {})
  return {
    lost: lost(),
    doubled,
    strange: [...strange, ...[...shown.keys()].filter(text => !posted.has(text))],
  }
}
