import { MessageList } from './message-list.ts'
import type { Reader } from './message-store.ts'
import { recordId } from './record.ts'
import type { SharedSteps } from './shared-steps.ts'

/** What a claim took from its lists. */
export interface Taken {
  /** Oldest first. */
  readonly records: readonly TakenRecord[]
  /** Unread ones that were left behind. */
  readonly more: number
  /** Unread ones that were over, and are gone. */
  readonly expired: number
  /** Unread messages that each list has lost to its cap, where a page is to say so. */
  readonly dropped: ReadonlyMap<MessageList, number>
}

interface TakenRecord {
  readonly list: MessageList
  readonly record: string
}

interface TakeOptions {
  /** Of the claim. */
  id: string
  reader: Reader
  limit: number
  lease: number
  ttl: number
}

/**
 * Takes what is unread in a reader's lists, oldest first: by one command where they are in one shard, else by one for each
 * shard, at the same time.
 */
export function takeFrom(
  steps: SharedSteps,
  lists: readonly MessageList[],
  options: TakeOptions,
): Promise<Taken> {
  const prefix = lists[0]?.prefix
  for (const list of lists) if (list.prefix !== prefix) return takeFromShards(steps, lists, options)
  return takeFromShard(steps, lists, options)
}

async function takeFromShards(
  steps: SharedSteps,
  lists: readonly MessageList[],
  options: TakeOptions,
): Promise<Taken> {
  const groups = MessageList.byShard(lists)
  const take = (group: readonly MessageList[], limit: number) =>
    takeFromShard(steps, group, { ...options, limit })
  const asked = groups.map(group => take(group, options.limit))
  try {
    return await withinLimit(await Promise.all(asked), options.limit, take)
  } catch (error) {
    // What one shard has given is for the next page when another gives nothing. Where it can't be told, the lease ends.
    void Promise.allSettled(asked).then(() =>
      Promise.allSettled(
        lists.map(({ prefix, reading }) => steps.run(prefix, 'release', [reading], [options.id])),
      ),
    )
    throw error
  }
}

/** All of what shards gave, where that isn't more than the limit; else each keeps the oldest, and takes back the rest. */
async function withinLimit(
  parts: readonly Taken[],
  limit: number,
  take: (lists: MessageList[], limit: number) => Promise<Taken>,
): Promise<Taken> {
  const all = merged(parts)
  if (all.records.length <= limit) return all
  const kept = new Set(all.records.slice(0, limit))
  return merged(
    await Promise.all(
      parts.map(async part => {
        const keeps = part.records.filter(record => kept.has(record)).length
        if (keeps === part.records.length) return part
        // The same claim sent again holds what it then takes, and no more.
        const again = await take([...part.dropped.keys()], keeps)
        const expired = part.expired + again.expired
        if (keeps > 0) return { ...again, expired }
        return { ...again, expired, more: part.more + part.records.length, dropped: new Map() }
      }),
    ),
  )
}

function merged(parts: readonly Taken[]): Taken {
  return {
    records: parts
      .flatMap(({ records }) => records)
      .sort((a, b) => (recordId(a.record) < recordId(b.record) ? -1 : 1)),
    more: parts.reduce((sum, { more }) => sum + more, 0),
    expired: parts.reduce((sum, { expired }) => sum + expired, 0),
    dropped: new Map(parts.flatMap(({ dropped }) => [...dropped])),
  }
}

function takeFromShard(
  steps: SharedSteps,
  lists: readonly MessageList[],
  { id, reader, limit, lease, ttl }: TakeOptions,
): Promise<Taken> {
  const keys: string[] = []
  for (const { list, reading } of lists) keys.push(list, reading)
  const mark = lists.at(-1)?.kind === 'everyone' ? behind(reader) : '-'
  const [{ prefix = '' } = {}] = lists
  const args = [id, limit === Infinity ? -1 : limit, lease, ttl, mark]
  return steps.run(prefix, 'claim', keys, args).then(reply => takenFrom(lists, reply))
}

function takenFrom(lists: readonly MessageList[], reply: unknown): Taken {
  // By far most page views: nothing waits.
  if (reply === null) return NOTHING
  if (!isFilled(reply)) throw new Error('Redis gave an answer to a claim that is none of the script claim')
  const [more, expired] = reply
  const first = lists.length + 2
  const records: TakenRecord[] = []
  for (let i = first; i < reply.length; i += 2) {
    const list = lists[Number(reply[i]) - 1]
    if (list) records.push({ list, record: String(reply[i + 1]) })
  }
  return { records, more, expired, dropped: new Map(lists.map((list, i) => [list, Number(reply[i + 2])])) }
}

const NOTHING: Taken = { records: [], more: 0, expired: 0, dropped: new Map() }

function isFilled(reply: unknown): reply is [more: number, expired: number, ...rest: unknown[]] {
  return Array.isArray(reply) && typeof reply[0] === 'number' && typeof reply[1] === 'number'
}

/** The id behind which nothing of everybody's list is for this reader, as the scripts take it. */
export function behind({ since }: Reader): string {
  return since === undefined ? '' : String(since.getTime() * 1000)
}
