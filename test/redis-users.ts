import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plainOptions, type RedisServer, startRedisServer } from './redis-server.ts'

const FILE = join(import.meta.dirname, '../docker/redis/users.acl')

/** What tests look at themselves, beyond what Tidings does. */
const LOOKING = [
  'client|pause',
  'client|unpause',
  'dump',
  'hkeys',
  'keys',
  'memory|usage',
  'object|encoding',
  'pubsub|channels',
  'pubsub|numsub',
  'scan',
  'smismember',
  'ttl',
]

/** Addresses of a Redis that knows the users of docker/redis/users.acl, and `tests`, who may do what they may and look. */
export interface RedisUsers {
  readonly web: string
  readonly worker: string
  readonly operator: string
  readonly tests: string
}

/** Starts a Redis with the users that Tidings needs, in `directory`. The server's own connection may do everything. */
export async function startRedisWithUsers(
  directory: string,
): Promise<{ server: RedisServer; users: RedisUsers }> {
  const users = (await readFile(FILE, 'utf8'))
    .split('\n')
    .filter(line => line.startsWith('user ') && !line.startsWith('user default '))
    .map(line => line.replace(/@[A-Z]+@/, placeholder => `#${sha256(passwordOf(placeholder))}`))
  const file = join(directory, 'users.acl')
  await writeFile(file, `${[...users, testsUser(users), 'user default on nopass ~* &* +@all'].join('\n')}\n`)
  const server = await startRedisServer(directory, port => [...plainOptions(port), '--aclfile', file])
  const url = (name: string) => `redis://${name}:${name}@${server.host}:${server.port}`
  return {
    server,
    users: { web: url('web'), worker: url('worker'), operator: url('operator'), tests: url('tests') },
  }
}

/** What was refused, a line each: who, which command or key, where. */
export async function refusals(server: RedisServer): Promise<string[]> {
  const entries = (await server.redis.acl('LOG')) as unknown[][]
  return entries.map(entry => {
    const fact = (name: string) => String(entry[entry.indexOf(name) + 1])
    return `${fact('username')}: ${fact('reason')} ${fact('object')} (${fact('context')})`
  })
}

// All commands of web and worker, on the tests' own keys and on those of Tidings.
function testsUser(users: readonly string[]): string {
  const commands = users
    .filter(line => /^user (web|worker) /.test(line))
    .flatMap(line => line.split(' ').filter(word => word.startsWith('+')))
  const looking = LOOKING.map(command => `+${command}`)
  return `user tests on #${sha256('tests')} resetchannels &{t* ~{t* -@all ${[...new Set([...commands, ...looking])].join(' ')}`
}

// In these tests everybody's password is their name.
function passwordOf(placeholder: string): string {
  return placeholder.slice(1, -1).toLowerCase()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
