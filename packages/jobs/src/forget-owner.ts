import { setTimeout as pause } from 'node:timers/promises'
import type { JobQueues } from './job-queues.ts'
import { parseLedgerEntry } from './ledger-entry.ts'
import type { Schedules } from './schedules.ts'
import { parseStoredData } from './stored-job.ts'

const BATCH = 500
const LOOK_EVERY = 200

/**
 * Removes all that is stored of an owner's jobs: schedules end, jobs that haven't ended are cancelled, and those that have are
 * removed.
 * @param options.within how long running jobs may take to stop, ms
 * @returns how many were still running then: these stay until they end
 */
export async function forgetOwner(
  queues: JobQueues,
  schedules: Schedules,
  owner: string,
  { within }: { within: number },
): Promise<number> {
  const queue = queues.of(owner)
  for (const id of await schedules.idsOf(owner)) await schedules.end(owner, id)
  for (const id of await owedTo(owner)) await queue.cancel(id)
  let running = await owedTo(owner)
  for (const end = Date.now() + within; running.length > 0 && Date.now() < end; running = await owedTo(owner))
    await pause(LOOK_EVERY)
  for (const id of await endedOf(owner)) await queue.queue.remove(id)
  await queue.options.redis
    .multi()
    .del(queues.ownedKey(owner), queue.key(`open:${owner}`), queue.key(`schedules:${owner}`))
    .hdel(queue.key('turns'), owner)
    .exec()
  return running.length

  async function owedTo(owner: string): Promise<string[]> {
    const ids: string[] = []
    let cursor = '0'
    do {
      const [next, entries] = await queue.options.redis.hscan(queue.key('owed'), cursor, 'COUNT', BATCH)
      for (let i = 0; i < entries.length; i += 2) {
        const [id = '', entry = ''] = entries.slice(i, i + 2)
        if (parseLedgerEntry(entry)?.owner === owner) ids.push(id)
      }
      cursor = next
    } while (cursor !== '0')
    return ids
  }

  // The list of an owner's jobs doesn't hold all of them.
  async function endedOf(owner: string): Promise<string[]> {
    const ids: string[] = []
    for (const state of ['completed', 'failed'] as const) {
      for (let start = 0; ; start += BATCH) {
        const found = await queue.queue.getRanges([state], start, start + BATCH - 1, true)
        const data = await Promise.all(found.map(id => queue.options.redis.hget(queue.key(id), 'data')))
        ids.push(...found.filter((_, i) => parseStoredData(data[i] ?? '')?.owner === owner))
        if (found.length < BATCH) break
      }
    }
    return ids
  }
}
