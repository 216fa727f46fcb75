import type { RedisMessageStore } from '@tidings/messages'
import { expect } from 'vitest'
import type { Jobs, Log } from '../src/index.ts'

let owners = 0

/** An owner whom no other test has. */
export function newOwner(): string {
  return `owner-${++owners}`
}

/** All that an owner was ever told, oldest first, once there are so many messages. */
export async function messagesOf(
  store: RedisMessageStore,
  owner: string,
  count = 1,
): Promise<[level: number, text: string][]> {
  const all = async () =>
    (await store.inbox(owner)).map(({ level, text }) => [level, text] as [number, string])
  await expect.poll(async () => (await all()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return (await all()).reverse()
}

/** Waits until a job is in this state. */
export async function untilState(jobs: Jobs, id: string, state: string): Promise<void> {
  await expect.poll(async () => (await jobs.find(id, {}))?.state, { timeout: 10_000 }).toBe(state)
}

/** A log that remembers. */
export function remembering(): {
  log: Log
  lines: { level: string; facts: Record<string, unknown>; text: string }[]
} {
  const lines: { level: string; facts: Record<string, unknown>; text: string }[] = []
  const line = (level: string) => (facts: object, text: string) =>
    void lines.push({ level, facts: { ...facts }, text })
  const log: Log = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => log,
  }
  return { log, lines }
}
