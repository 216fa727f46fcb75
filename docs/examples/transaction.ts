import { encodeMessage, type RedisMessageStore, SCRIPTS, success } from '@tidings/messages'
import type { Redis } from 'ioredis'

/** Marks an order as paid and says so in one step, which no crash leaves half done. */
export async function markPaid(
  redis: Redis,
  store: RedisMessageStore,
  { order, owner }: { order: string; owner: string },
): Promise<void> {
  const { keys, args } = store.postArguments(owner)
  const message = encodeMessage(success(`Order ${order} is paid.`))
  await redis
    .multi()
    // In a cluster, the prefix of an owner's shard keeps the keys in one slot.
    .set(`${store.prefixOf(owner)}:order:${order}`, 'paid')
    .eval(SCRIPTS.post.text, keys.length, ...keys, ...args, ...message)
    .exec()
}
