import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
// By path, because this file is loaded before the tests' export conditions hold.
import { createLogger, openRedis } from '../packages/runtime/src/index.ts'
import { type RedisUsers, refusals, startRedisWithUsers } from './redis-users.ts'

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string
    /** Where the run's Redis has users with the least rights: their addresses. */
    redisUsers: RedisUsers | null
  }
}

/** One private Redis for the whole run; each test file writes under a prefix of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-test-'))
  if (process.env.TEST_REDIS_USERS) {
    const { server, users } = await startRedisWithUsers(dataDir)
    project.provide('redisUrl', users.tests)
    project.provide('redisUsers', users)
    return async () => {
      console.log(`refused by Redis: ${JSON.stringify(await refusals(server))}`)
      await server.kill()
      await rm(dataDir, { recursive: true, force: true })
    }
  }
  project.provide('redisUsers', null)
  const handle = await openRedis({ dataDir, log: createLogger({ name: 'test', level: 'warn' }) })
  const { options } = await handle.connect('worker')
  const { path, host, port, password } = options
  project.provide('redisUrl', path ? `unix://${path}` : `redis://:${password}@${host}:${port}`)
  return async () => {
    await handle.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
