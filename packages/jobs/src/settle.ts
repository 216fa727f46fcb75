import { readFileSync } from 'node:fs'
import { encodeMessage, type NewMessage, type RedisMessageStore, SCRIPTS } from '@tidings/messages'
import { type BackendFactory, createRedisBackend, type Job, type RedisQueueBackend } from 'bullmq'

/** What is told to whom when a job ends. */
export interface Announcement {
  readonly owner: string
  readonly message: NewMessage
}

/** What a settling backend is given. */
export interface SettleOptions {
  store: RedisMessageStore
  /** The announcement for a job that ends; `undefined` where nobody is to be told. */
  announce(job: Job, target: 'completed' | 'failed', value: unknown): Announcement | undefined
  /** Told of a job that ends without an announcement, because none could be made. */
  fault(error: unknown, job: Job): void
}

/** A backend factory for BullMQ's Worker, and what tells when its script is in place. */
export interface SettlingBackend {
  readonly factory: BackendFactory<RedisQueueBackend>
  /**
   * Resolves when a job can only end together with its message. No job may be taken before.
   * @throws UnwrappableError where this version of BullMQ doesn't have what must be wrapped.
   */
  ready(): Promise<void>
}

/** This version of BullMQ can't be made to settle and announce in one step. */
export class UnwrappableError extends Error {
  override readonly name = 'UnwrappableError'

  constructor(version: string, missing: string) {
    super(
      `BullMQ ${version} can't be made to end a job and tell its owner in one step: ${missing}. ` +
        'Install the version of bullmq that @tidings/jobs names in its package.json.',
    )
  }
}

const SETTLE = readFileSync(new URL('../lua/settle.lua', import.meta.url), 'utf8')
const HEAD = '-- settle and announce\n'

/**
 * Wraps BullMQ's finish script, its text unchanged, so that the same script also writes the outcome into the owner's list.
 * A job's end and its message are then one transaction, in Redis' memory and in its AOF.
 */
export function settlingBackend({ store, announce, fault }: SettleOptions): SettlingBackend {
  const wrappings: Promise<void>[] = []
  const factory: BackendFactory<RedisQueueBackend> = (name, options, extra) => {
    const backend = createRedisBackend(name, options, extra)
    const inner = innards(backend)
    const finishArguments = inner.moveToFinishedArgs
    if (typeof finishArguments !== 'function')
      throw new UnwrappableError(inner.version, 'its backend has no moveToFinishedArgs')

    let isWrapped = false
    const wrapping = wrapFinish(backend).then(() => {
      isWrapped = true
    })
    wrapping.catch(() => {}) // whoever awaits ready() is told
    wrappings.push(wrapping)

    inner.moveToFinishedArgs = function (job, value, property, remove, target, ...rest) {
      if (!isWrapped) throw new UnwrappableError(inner.version, 'the finish script is not wrapped yet')
      const args = finishArguments.call(this, job, value, property, remove, target, ...rest)
      const undelivered = backend.toKey('undelivered')
      try {
        return [...args, ...announcementArguments(store, undelivered, announce(job, target, value))]
      } catch (error) {
        // Whatever is wrong with the announcement, a job must be able to end: else it would run for ever.
        fault(error, job)
        return [...args, ...announcementArguments(store, undelivered, undefined)]
      }
    }
    return backend
  }
  return { factory, ready: async () => void (await Promise.all(wrappings)) }
}

/** The eight arguments that settle.lua takes after BullMQ's own. */
function announcementArguments(
  store: RedisMessageStore,
  undelivered: string,
  announcement: Announcement | undefined,
): string[] {
  if (!announcement) return ['', '', undelivered, '', '', '', '', '']
  const { keys, args } = store.postArguments(announcement.owner)
  const [, cap, ttl] = args
  return [...keys, undelivered, cap, ttl, ...encodeMessage(announcement.message)]
}

async function wrapFinish(backend: RedisQueueBackend): Promise<void> {
  const client = (await backend.client) as unknown as ScriptedClient
  const { version } = innards(backend)
  const command = `moveToFinished:${version}`
  const script = client.scriptsSet?.[command]
  if (!script?.lua || !script.numberOfKeys)
    throw new UnwrappableError(version, `its client has no script ${command}`)
  if (script.lua.startsWith(HEAD)) return // a connection that is shared by two workers
  client.defineCommand(command, { numberOfKeys: script.numberOfKeys, lua: settleText(script.lua) })
}

/** The whole script: a script's text is a function's body, so that both stand behind a name without a change. */
function settleText(finish: string): string {
  return `${HEAD}local function finish(KEYS, ARGV)\n${finish}\nend\nlocal function post(KEYS, ARGV)\n${SCRIPTS.post.text}\nend\n${SETTLE}`
}

/** The names of BullMQ that aren't public, all in one place. */
interface Innards {
  version: string
  moveToFinishedArgs(
    job: Job,
    value: unknown,
    property: string,
    remove: unknown,
    target: 'completed' | 'failed',
    ...rest: unknown[]
  ): (string | number)[]
}

interface ScriptedClient {
  scriptsSet?: Record<string, { lua?: string; numberOfKeys?: number } | undefined>
  defineCommand(name: string, definition: { numberOfKeys: number; lua: string }): void
}

function innards(backend: RedisQueueBackend): Innards {
  return backend as unknown as Innards
}
