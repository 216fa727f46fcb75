// What Redis needs for a user's messages: the list and its reading, with id, time and level, for texts of 100 bytes.
import { info, RedisMessageStore } from '@tidings/messages'
import { judge } from './tools/ratio.mjs'
import { startRedis } from './tools/redis.mjs'

const TEXT = 'x'.repeat(100)
const { redis, close } = await startRedis()
const store = new RedisMessageStore({ redis })

/** Bytes of everything that Redis keeps for this user. */
async function bytesFor(user) {
  const keys = await redis.keys(`*:${user}`)
  const sizes = await Promise.all(keys.map(key => redis.memory('USAGE', key, 'SAMPLES', 0)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function postOneByOne(user, count) {
  for (let i = 0; i < count; i++) await store.post(user, info(TEXT))
}

for (const { count, goal } of [{ count: 1, goal: 400 }, { count: 10 }, { count: 100, goal: 200 }]) {
  const user = `user-of-${count}`
  await postOneByOne(user, count)
  const unread = (await bytesFor(user)) / count
  for (let shown = 0; shown < count; shown += 10) {
    const claim = await store.claim({ owner: user }, { limit: 10 })
    await store.confirm(
      claim,
      claim.messages.map(({ id }) => id),
    )
  }
  const read = (await bytesFor(user)) / count
  const text = `${unread.toFixed(0)} bytes; ${read.toFixed(0)} when it was read`
  const what = `${count} ${count === 1 ? 'message' : 'messages'} of 100 bytes, each`
  if (goal) judge(`${what}, at most ${goal} bytes`, text, unread <= goal)
  else console.log(`       ${what}: ${text}`)
}

const bare = `bare-list`
await redis.rpush(bare, ...Array.from({ length: 100 }, () => TEXT))
const bareBytes = (await redis.memory('USAGE', bare, 'SAMPLES', 0)) / 100
const ours = (await bytesFor('user-of-100')) / 100
console.log(`       against a bare list of 100 texts: ${(ours / bareBytes).toFixed(2)}`)
await acrossUsers(1)
await acrossUsers(100)
await close()

/** By what all of Redis grows for many users who have as many messages. */
async function acrossUsers(count) {
  const users = count === 1 ? 20_000 : 500
  const before = await usedMemory()
  for (let i = 0; i < users; i += 100)
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        for (let posted = 0; posted < count; posted++) await store.post(`many-${count}-${i + n}`, info(TEXT))
      }),
    )
  const each = ((await usedMemory()) - before) / users / count
  // What Redis' own tables take of it, too (docs/decisions.md).
  console.log(`       ${users} users with ${count}, by used_memory, each message: ${each.toFixed(0)} bytes`)
}

async function usedMemory() {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
}
