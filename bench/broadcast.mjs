// Writing a message to everyone, with ten users' lists in Redis and with a million.
import { info, RedisMessageStore } from '@tidings/messages'
import { describeRatios, judge, median } from './tools/ratio.mjs'
import { startRedis } from './tools/redis.mjs'

const USERS = 1_000_000
const AT_ONCE = 5_000
const PAIRS = 12
const WRITES = 40

const few = await startRedis()
const many = await startRedis()
const stores = {
  few: new RedisMessageStore({ redis: few.redis }),
  many: new RedisMessageStore({ redis: many.redis }),
}
for (let i = 0; i < 10; i++) await stores.few.post(`user-${i}`, info('Welcome.'))
const users = await welcome(many, stores.many)
console.log(`users with a list: 10 and ${users.toLocaleString('en')}`)

const spent = { few: [], many: [] }
await write('few')
await write('many')
for (let pair = 0; pair < PAIRS; pair++)
  for (const which of pair % 2 ? ['many', 'few'] : ['few', 'many']) spent[which].push(await write(which))

const ratios = spent.many.map((time, i) => time / spent.few[i])
console.log(
  `       a broadcast takes ${median(spent.few).toFixed(2)} ms and ${median(spent.many).toFixed(2)} ms`,
)
judge('a broadcast to many users / to ten, at most 1.50', describeRatios(ratios), median(ratios) <= 1.5)
// The fastest run: what else the machine does is no part of the cost.
const fastest = Math.min(...spent.many)
judge('milliseconds that a broadcast to many users takes, at most 5', fastest.toFixed(2), fastest <= 5)

const before = await many.redis.dbsize()
await stores.many.broadcast(info('One record.'))
const after = await many.redis.dbsize()
judge('new keys in Redis for a broadcast to many users', String(after - before), after === before)
await Promise.all([few.close(), many.close()])

/** Gives each user a list with a message and its reading: copies of one that was posted. Says how many have them. */
async function welcome({ redis }, store) {
  await store.post('user-0', info('Welcome.'))
  const keys = await redis.keys('*user-0')
  const copy = `for i = ARGV[1], ARGV[2] do
    for _, key in ipairs(KEYS) do redis.call('COPY', key, (string.gsub(key, 'user%-0$', 'user-' .. i))) end
  end`
  for (let i = 1; i < USERS; i += AT_ONCE)
    await redis.eval(copy, keys.length, ...keys, i, Math.min(i + AT_ONCE, USERS) - 1)
  return (await redis.keys('*messages:user:*')).length
}

/** Milliseconds that one broadcast takes, on average over some. */
async function write(which) {
  const begin = performance.now()
  for (let i = 0; i < WRITES; i++) await stores[which].broadcast(info(`Maintenance tonight, part ${i}.`))
  return (performance.now() - begin) / WRITES
}
