import { setTimeout as pause } from 'node:timers/promises'
import { type Logger, NoRedisError, openRedis, type RedisHandle } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { EXIT } from '../exit-code.ts'

const LONGEST_WAIT = 10_000

/** What a worker needs to find its Redis. */
export interface PatientOptions {
  url: string | undefined
  dataDir: string
  log: Logger
  /** Somebody wants the worker to stop. */
  stopped: Promise<unknown>
  /** Gives up after the first try. */
  isBrief: boolean
}

/**
 * Connects to Redis, and where it is away, goes on trying until it is there, which is said once a try.
 * @returns `undefined` when the worker was stopped before that.
 * @throws NoRedisError where it refuses us; where it is away, only if `isBrief`
 */
export async function connectPatiently(
  options: PatientOptions,
): Promise<{ handle: RedisHandle; redis: Redis } | undefined> {
  const { url, dataDir, log, isBrief } = options
  const stopped = options.stopped.then(() => 'stopped' as const)
  for (let wait = 1_000; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      const handle = await openRedis({ url, dataDir, log })
      const connected = connect(handle)
      connected.catch(() => {}) // it may fail when nobody waits any more
      // Whoever started the private Redis has to leave it in order.
      const redis = await (handle.isPrivate ? connected : Promise.race([connected, stopped]))
      return redis === 'stopped' ? undefined : { handle, redis }
    } catch (error) {
      if (isBrief || !(error instanceof NoRedisError) || error.exitCode !== EXIT.temporary) throw error
      log.warn({}, `${error.message} Trying again until it does.`)
    }
    // Nothing else keeps the process alive meanwhile.
    const timer = new AbortController()
    const tried = pause(wait, 'tried' as const, { signal: timer.signal })
    tried.catch(() => {})
    if ((await Promise.race([stopped, tried])) === 'stopped') {
      timer.abort()
      return undefined
    }
  }
}

async function connect(handle: RedisHandle): Promise<Redis> {
  try {
    return await handle.connect('worker')
  } catch (error) {
    await handle.close()
    throw error
  }
}
