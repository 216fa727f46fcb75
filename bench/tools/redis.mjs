import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createLogger, openRedis } from '@tidings/runtime'

const log = createLogger({ name: 'bench', level: 'warn' })
const SETTLING = 200 // ms

/**
 * A Redis that nobody else uses, with its address for child processes.
 *
 * @returns {Promise<{ redis: import('ioredis').Redis, url: string, close(): Promise<void> }>}
 */
export async function startRedis() {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-bench-'))
  const handle = await openRedis({ dataDir, log })
  const redis = await handle.connect('worker')
  const { path, host, port, password } = redis.options
  return {
    redis,
    url: path ? `unix://${path}` : `redis://:${password}@${host}:${port}`,
    async close() {
      await handle.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * A connection as the web process has it.
 *
 * @param {string} url
 */
export async function connectAsWeb(url) {
  const handle = await openRedis({ url, dataDir: '.', log })
  return handle.connect('web')
}

/**
 * What clients have Redis do for a page, and for what follows it: how many commands they send (by MONITOR; what a script
 * calls is none of theirs), and how many changes Redis counts.
 *
 * @param {import('ioredis').Redis} redis
 * @param {string} url
 * @param {() => Promise<unknown>} open
 * @returns {Promise<{ commands: number, changes: number }>}
 */
export async function countRequests(redis, url, open) {
  const handle = await openRedis({ url, dataDir: '.', log })
  const connection = await handle.connect('worker')
  const monitor = await connection.monitor()
  let commands = 0
  let isSeen = () => {}
  const mark = `end-${Math.random()}`
  const seen = new Promise(resolve => {
    isSeen = () => resolve(undefined)
  })
  const before = await changes(redis)
  monitor.on('monitor', (_time, [name = '', text], source) => {
    if (text === mark) isSeen()
    else if (source !== 'lua' && !['info', 'ping', 'client', 'hello'].includes(name.toLowerCase())) commands++
  })
  await open()
  await pause(SETTLING) // a page is confirmed after it was sent
  await redis.echo(mark)
  await seen
  monitor.disconnect()
  await handle.close()
  return { commands, changes: (await changes(redis)) - before }
}

async function changes(redis) {
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(await redis.info('persistence'))?.[1])
}
