import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { EXIT } from '../exit-code.ts'
import { type Finding, fault, ok } from './finding.ts'

/** Stands for a key of ours that holds nothing. */
const KEY = '{key}'

/** Every command that web, worker and command line need, here or in a script; in a form that does no harm. */
const NEEDED: readonly string[] = [
  ...[
    'DEL',
    'EXISTS',
    'GET',
    'HGETALL',
    'HKEYS',
    'HLEN',
    'INCR',
    'LLEN',
    'LPOP',
    'PERSIST',
    'PTTL',
    'RPOP',
  ].map(name => `${name} ${KEY}`),
  ...['SCARD', 'SMEMBERS', 'TYPE', 'UNLINK', 'XLEN', 'ZCARD', 'ZPOPMIN', 'MGET'].map(
    name => `${name} ${KEY}`,
  ),
  ...['HDEL', 'HEXISTS', 'HGET', 'HMGET', 'LPOS', 'LPUSH', 'RPUSH', 'SADD', 'SREM', 'SISMEMBER'].map(
    name => `${name} ${KEY} x`,
  ),
  ...['SMISMEMBER', 'XDEL', 'ZREM', 'ZSCORE', 'ZRANK', 'SETNX', 'MSETNX', 'SET'].map(
    name => `${name} ${KEY} 0-1`,
  ),
  ...['EXPIRE', 'PEXPIRE', 'PEXPIREAT', 'INCRBY', 'LINDEX'].map(name => `${name} ${KEY} 1`),
  ...['LRANGE', 'LTRIM', 'ZCOUNT', 'ZRANGE', 'ZRANGEBYSCORE', 'ZREMRANGEBYRANK', 'ZREMRANGEBYSCORE'].map(
    name => `${name} ${KEY} 0 0`,
  ),
  ...['ZREVRANGE', 'ZREVRANGEBYSCORE', 'LREM', 'LSET'].map(name => `${name} ${KEY} 0 0`),
  ...['HSET', 'HMSET', 'HSETNX', 'HINCRBY', 'ZADD'].map(name => `${name} ${KEY} 1 1`),
  ...['ZRANGEBYLEX', 'ZLEXCOUNT'].map(name => `${name} ${KEY} - +`),
  `ZSCAN ${KEY} 0`,
  `RPOPLPUSH ${KEY} ${KEY}`,
  `RENAME ${KEY} ${KEY}`,
  `BZPOPMIN ${KEY} 0.01`,
  `XADD ${KEY} * x x`,
  `XTRIM ${KEY} MAXLEN 0`,
  `XRANGE ${KEY} - +`,
  `XREAD COUNT 1 STREAMS ${KEY} 0`,
  `EVAL return(1) 1 ${KEY}`,
  `EVALSHA ${'0'.repeat(40)} 1 ${KEY}`,
  `PUBLISH ${KEY} x`,
  'TIME',
  'PING',
  'INFO server',
  'CLIENT SETNAME tidings-check',
]
/** Would change what the connection is for: asked after, but not done. */
const NOT_DONE = [`SUBSCRIBE ${KEY}`, 'MULTI']

/** Looks whether this user of Redis may run every command that is needed, on our keys. */
export async function checkRights(redis: Redis, prefix: string): Promise<Finding[]> {
  const key = `${prefix}:check:${randomBytes(6).toString('hex')}`
  const user = await whoAmI(redis)
  const asked = user === undefined ? undefined : await refusedByAsking(redis, user, key)
  const refused = asked ?? (await refusedByDoing(redis, key))
  const how = asked ? '' : ', tried on a key of its own'
  if (refused.length === 0)
    return [
      ok('rights', `${user ?? 'this user'} may run all ${NEEDED.length} commands that are needed${how}`),
    ]
  return [
    fault(
      'rights',
      `${user ?? 'this user'} may not run ${refused.join(', ')} on keys that begin with ${prefix}`,
      'Grant it with ACL SETUSER; docs/operate/README.md has a user with what is needed.',
      EXIT.configuration,
    ),
  ]
}

async function whoAmI(redis: Redis): Promise<string | undefined> {
  return redis.call('ACL', 'WHOAMI').then(String, () => undefined)
}

/** `undefined` where this user may not ask, or Redis is older than 7. */
async function refusedByAsking(redis: Redis, user: string, key: string): Promise<string[] | undefined> {
  const refused: string[] = []
  for (const words of [...NEEDED, ...NOT_DONE]) {
    const answer = await redis
      .call('ACL', 'DRYRUN', user, ...wordsOf(words, key))
      .then(String, () => undefined)
    if (answer === undefined) return undefined
    if (answer !== 'OK') refused.push(nameOf(words))
  }
  return refused
}

async function refusedByDoing(redis: Redis, key: string): Promise<string[]> {
  const refused: string[] = []
  for (const words of NEEDED) {
    const [name = '', ...args] = wordsOf(words, key)
    try {
      await redis.call(name, ...args)
    } catch (error) {
      // Another refusal, such as of a key of another type, comes to those only who may run it.
      if (/^NOPERM/.test(String((error as Error).message))) refused.push(nameOf(words))
    }
  }
  await redis.del(key).catch(() => {})
  return refused
}

function wordsOf(words: string, key: string): string[] {
  return words.split(' ').map(word => (word === KEY ? key : word))
}

function nameOf(words: string): string {
  return words.split(' ')[0] ?? words
}
