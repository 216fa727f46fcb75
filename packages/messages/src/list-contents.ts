import type { ChainableCommander, Cluster, Redis } from 'ioredis'
import { z } from 'zod'
import type { Message } from './message.ts'
import { MessageList } from './message-list.ts'
import type { Reader } from './message-store.ts'
import { Reading } from './reading.ts'
import { decodeRecord, recordId, windowOf } from './record.ts'

/** A message in a list, and whether it is unread and held by no page, held by a page, or read. */
export interface ListedMessage {
  readonly message: Message
  readonly state: 'open' | 'held' | 'read'
}

/** All that these lists hold for this reader: at one moment, as far as they are in one shard. */
export async function contentsOf(
  redis: Redis | Cluster,
  lists: readonly MessageList[],
  reader: Pick<Reader, 'since'>,
): Promise<ListedMessage[]> {
  const contents = MessageList.byShard(lists).map(group => contentsInShard(redis, group, reader))
  return (await Promise.all(contents)).flat()
}

async function contentsInShard(
  redis: Redis | Cluster,
  lists: readonly MessageList[],
  { since }: Pick<Reader, 'since'>,
): Promise<ListedMessage[]> {
  const ask = redis.multi().time()
  for (const { list, reading } of lists) ask.lrange(list, 0, -1).hgetall(reading)
  const [[seconds = 0, microseconds = 0], ...replies] = contents.parse(await answersOf(ask))
  const now = seconds * 1000 + microseconds / 1000
  return lists.flatMap((list, index) => {
    const reading = new Reading(fields.parse(replies[2 * index + 1]), now)
    return records.parse(replies[2 * index]).flatMap(record => {
      const id = recordId(record)
      const message = decodeRecord(record, list)
      if (!message || !isInWindow(record, now) || reading.isHidden(id)) return []
      if (list.kind === 'everyone' && since !== undefined && message.time < since) return []
      return [{ message, state: reading.stateOf(id) }]
    })
  })
}

const contents = z.tuple([z.array(z.coerce.number())]).rest(z.unknown())
const records = z.array(z.string())
const fields = z.record(z.string(), z.string())

function isInWindow(record: string, now: number): boolean {
  const { from, until } = windowOf(record)
  return (from === undefined || from.getTime() <= now) && (until === undefined || until.getTime() > now)
}

async function answersOf(transaction: ChainableCommander): Promise<unknown[]> {
  const replies = (await transaction.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
