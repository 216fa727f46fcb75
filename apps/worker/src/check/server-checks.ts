import { type ServerFacts, serverFacts } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { EXIT } from '../exit-code.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** How far the clocks may differ, ms. */
const CLOCKS = 2_000
const NEARLY_FULL = 0.8

/** Looks at the Redis server: version, memory, disk and clock. */
export async function checkServer(redis: Redis): Promise<Finding[]> {
  const facts = await serverFacts(redis)
  return [ok('version', facts.version), memory(facts), disk(facts), role(facts), await clock(redis)]
}

function memory({ policy, maxMemory, usedMemory }: ServerFacts): Finding {
  if (policy !== 'noeviction' && policy !== '')
    return fault(
      'memory',
      `Redis throws data away when its memory is full (maxmemory-policy ${policy})`,
      'Set maxmemory-policy to noeviction: CONFIG SET maxmemory-policy noeviction, and in its configuration.',
      EXIT.configuration,
    )
  const used = `${Math.round(usedMemory / 2 ** 20)} MB used`
  if (maxMemory === 0) return ok('memory', `noeviction, ${used}, no limit`)
  const share = usedMemory / maxMemory
  const text = `noeviction, ${used}: ${share < 1 ? `${Math.floor(100 * share)} % of its limit` : 'its limit is reached'}`
  if (share < NEARLY_FULL) return ok('memory', text)
  if (share < 1)
    return warning(
      'memory',
      text,
      'Raise maxmemory: when it is full, no job is taken and no message written.',
    )
  return fault(
    'memory',
    `${text}; no job is taken and no message written`,
    'Raise maxmemory: CONFIG SET maxmemory, and in its configuration.',
    EXIT.temporary,
  )
}

function disk({ hasAppendOnlyFile, isDiskFailing }: ServerFacts): Finding {
  if (isDiskFailing)
    return fault(
      'disk',
      'Redis could not write to its disk: no job is taken and no message written',
      'Make room on its disk, and look into its log.',
      EXIT.temporary,
    )
  return hasAppendOnlyFile
    ? ok('disk', 'there is an append-only file')
    : warning(
        'disk',
        'Redis keeps no append-only file: a crash loses jobs and messages',
        'Set appendonly to yes: CONFIG SET appendonly yes, and in its configuration.',
      )
}

function role({ isReadOnlyReplica }: ServerFacts): Finding {
  return isReadOnlyReplica
    ? fault(
        'role',
        'this is a replica that can not be written to',
        'Set REDIS_URL to its master.',
        EXIT.configuration,
      )
    : ok('role', 'it can be written to')
}

async function clock(redis: Redis): Promise<Finding> {
  const before = Date.now()
  const [seconds = 0, microseconds = 0] = (await redis.time()).map(Number)
  const here = (before + Date.now()) / 2
  const apart = Math.round(seconds * 1000 + microseconds / 1000 - here)
  const text = `the clock of Redis is ${Math.abs(apart)} ms ${apart < 0 ? 'behind' : 'ahead of'} ours`
  return Math.abs(apart) <= CLOCKS
    ? ok('clock', text)
    : warning('clock', text, 'Let both keep time by NTP: delays and expiry are counted by these clocks.')
}
