import { randomBytes } from 'node:crypto'
import { NoRedisError } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { EXIT } from '../exit-code.ts'
import { inPlainWords, NotNowError } from '../plain-words.ts'
import { type Finding, fault, ok } from './finding.ts'

/** Stands for a key of ours that holds nothing. */
const KEY = '{key}'

/** What each process needs, here or in a script: the arguments that do no harm, and the commands that are given them. */
const FORMS: Readonly<Record<string, string>> = {
  [KEY]:
    'DEL EXISTS GET HGETALL HLEN INCR LLEN LPOP PERSIST PTTL RPOP SCARD SMEMBERS TYPE UNLINK XLEN ZCARD ZPOPMIN MGET',
  [`${KEY} x`]: 'HDEL HEXISTS HGET HMGET LPOS LPUSH RPUSH SADD SREM SISMEMBER',
  [`${KEY} 0-1`]: 'XDEL ZREM ZSCORE SETNX SET',
  [`${KEY} 1`]: 'EXPIRE PEXPIRE PEXPIREAT INCRBY LINDEX',
  [`${KEY} 0 0`]:
    'LRANGE LTRIM ZCOUNT ZRANGE ZRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE LREM LSET',
  [`${KEY} 1 1`]: 'HSET HMSET HSETNX HINCRBY ZADD',
  [`${KEY} - +`]: 'ZRANGEBYLEX ZLEXCOUNT XRANGE',
}

const NEEDED: readonly string[] = [
  ...Object.entries(FORMS).flatMap(([form, names]) => names.split(' ').map(name => `${name} ${form}`)),
  `ZSCAN ${KEY} 0`,
  `RPOPLPUSH ${KEY} ${KEY}`,
  `RENAME ${KEY} ${KEY}`,
  `XADD ${KEY} * x x`,
  `XTRIM ${KEY} MAXLEN 0`,
  `XREAD COUNT 1 STREAMS ${KEY} 0`,
  `EVAL return(1) 1 ${KEY}`,
  `EVALSHA ${'0'.repeat(40)} 1 ${KEY}`,
  `PUBLISH ${KEY} x`,
  'TIME',
  'PING',
  'INFO server',
  'CLIENT SETNAME tidings-check',
]
/** What only some need besides. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'a worker': [`BZPOPMIN ${KEY} 0.01`, `SMISMEMBER ${KEY} x`],
  'the web process': [`HKEYS ${KEY}`, `MSETNX ${KEY} x`, `ZRANK ${KEY} x`],
}
/** Would change what the connection is for: asked after, but not done. */
const NOT_DONE = [`SUBSCRIBE ${KEY}`, 'MULTI']

/** Looks whether this user of Redis may run every command that is needed, on our keys: by a worker, by the web process, or both. */
export async function checkRights(redis: Redis, prefix: string): Promise<Finding[]> {
  // Beside the queue's keys, where each process may write.
  const key = `${prefix}:jobs:check:${randomBytes(6).toString('hex')}`
  const user = await whoAmI(redis)
  const commands = [...NEEDED, ...Object.values(ALSO).flat()]
  const asked = user === undefined ? undefined : await refusedByAsking(redis, user, commands, key)
  const refused = new Set(asked ?? (await refusedByDoing(redis, commands, key)))
  const lacks = (words: readonly string[]) => words.some(each => refused.has(nameOf(each)))
  const able = Object.keys(ALSO).filter(who => !lacks(ALSO[who] ?? []))
  const name = user ?? 'this user'
  if (able.length > 0 && !lacks([...NEEDED, ...NOT_DONE]))
    return [ok('rights', `${name} may run every command that ${able.join(' or ')} needs`)]
  return [
    fault(
      'rights',
      `${name} may not run ${[...refused].join(', ')} on keys that begin with ${prefix}`,
      'Grant it with ACL SETUSER; docker/redis/users.acl has users with what is needed.',
      EXIT.configuration,
    ),
  ]
}

async function whoAmI(redis: Redis): Promise<string | undefined> {
  const answer = await answered(redis.call('ACL', 'WHOAMI'))
  return answer instanceof Error ? undefined : String(answer)
}

/** `undefined` where this user may not ask, or Redis is older than 7. */
async function refusedByAsking(
  redis: Redis,
  user: string,
  commands: readonly string[],
  key: string,
): Promise<string[] | undefined> {
  const all = [...commands, ...NOT_DONE]
  // All at once: a Redis that is far away is asked a hundred times in the time of one.
  const answers = await Promise.all(
    all.map(words => answered(redis.call('ACL', 'DRYRUN', user, ...wordsOf(words, key)))),
  )
  if (answers.some(answer => answer instanceof Error)) return undefined
  return all.filter((_, i) => answers[i] !== 'OK').map(nameOf)
}

async function refusedByDoing(redis: Redis, commands: readonly string[], key: string): Promise<string[]> {
  const answers = await Promise.all(
    commands.map(words => {
      const [name = '', ...args] = wordsOf(words, key)
      return answered(redis.call(name, ...args))
    }),
  )
  await redis.del(key).catch(() => {})
  return commands
    .filter((_, i) => {
      const answer = answers[i]
      return answer instanceof Error && /^NOPERM/.test(answer.message)
    })
    .map(nameOf)
}

/** What Redis says, also where it refuses: of a key of another type, say, it does so to those who may run the command. */
async function answered(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    const plain = inPlainWords(error)
    if (plain instanceof NoRedisError && !(plain instanceof NotNowError)) throw error
    return error
  }
}

function wordsOf(words: string, key: string): string[] {
  return words.split(' ').map(word => (word === KEY ? key : word))
}

function nameOf(words: string): string {
  return words.split(' ')[0] ?? words
}
