import type { CheckedMessage } from '@tidings/messages'
import type { BackendFactory, Job, RedisQueueBackend } from 'bullmq'
import { encoding } from './ledger-entry.ts'
import { type Owing, owing } from './owe.ts'
import { redisBackend } from './redis-backend.ts'
import { DELIVER, luaConstants, luaText, type StoreConstants } from './script.ts'
import { appendArguments, onReply, UnwrappableError, versionOf, wrapScripts } from './wrapped-scripts.ts'

/** What is told to whom when a job ends. */
export interface Announcement {
  readonly owner: string
  /** Whose message tells of the job instead, if it belongs to a batch. */
  readonly batch?: string | undefined
  readonly kind: 'success' | 'partial' | 'failure' | 'cancelled'
  /** The job may be one of those of which its owner may have so many unfinished. */
  readonly isCounted?: boolean | undefined
  /** The job was taken together with its entry in the ledger. */
  readonly isOwed?: boolean | undefined
  readonly message: CheckedMessage
}

/** What a settling backend is given. */
export interface SettleOptions {
  /** Of the store. */
  constants: StoreConstants
  /** The announcement for a job that ends; `undefined` where the stored job doesn't say whose it is. */
  announce(job: Job, target: 'completed' | 'failed', value: unknown): Announcement | undefined
  /** Told of a job that ends without an announcement, because none could be made. */
  fault(error: unknown, job: Job): void
  /** The next run of a schedule is owed like any other job. */
  owing: Owing
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

/**
 * Wraps BullMQ's finish script, its text unchanged, so that the same script also strikes the job from the ledger and writes the
 * outcome into the owner's list. A job's end and its message are then one transaction, in Redis' memory and in its AOF.
 */
export function settlingBackend({
  constants,
  announce,
  fault,
  owing: entries,
}: SettleOptions): SettlingBackend {
  const wrappings: Promise<void>[] = []
  const make = redisBackend()
  const factory: BackendFactory<RedisQueueBackend> = (name, options, extra) => {
    const backend = make(name, options, extra)
    let isWrapped = false
    appendArguments(backend, 'moveToFinishedArgs', (job, value, _property, _remove, target) => {
      if (!isWrapped) throw new UnwrappableError(versionOf(backend), 'the finish script is not wrapped yet')
      try {
        return announcementArguments(announce(job as Job, target as 'completed' | 'failed', value))
      } catch (error) {
        // Whatever is wrong with the announcement, a job must be able to end: else it would run for ever.
        fault(error, job as Job)
        return announcementArguments(undefined)
      }
    })
    const wrapping = wrapScripts(backend, {
      moveToFinished: {
        as: 'finish',
        before: `${luaConstants(constants)}${DELIVER}`,
        text: luaText('settle'),
      },
      updateJobScheduler: owing(backend, entries, { keys: 12, data: 2 }),
    }).then(() => {
      onReply(backend, ['moveToActive', 'moveToFinished'], mendOptions)
      isWrapped = true
    })
    wrapping.catch(() => {}) // whoever awaits ready() is told
    wrappings.push(wrapping)
    return backend
  }
  return { factory, ready: async () => void (await Promise.all(wrappings)) }
}

// Most jobs have the options of the one before, but for their own ids.
let lastGood: string | undefined

/** A job whose stored options are broken is taken with none, so that it can end: BullMQ would drop it again and again. */
function mendOptions(reply: unknown): void {
  const [fields, id]: unknown[] = Array.isArray(reply) ? reply : []
  if (!Array.isArray(fields)) return
  const at = fields.indexOf('opts') + 1
  if (at === 0) return
  const options = String(fields[at])
  const common = options.replace(`"jobId":"${String(id)}"`, '')
  if (common === lastGood) return
  try {
    JSON.parse(options)
    lastGood = common
  } catch {
    fields[at] = '{}'
  }
}

type Ours = [owner: string, owed: '1' | '', more: string, json: string]

/** What settle.lua takes after BullMQ's own arguments. */
function announcementArguments(announcement: Announcement | undefined): Ours {
  if (!announcement) return NOTHING
  const { owner, batch = '', kind, isCounted, isOwed } = announcement
  const { json } = encoding(announcement.message)
  const more = batch === '' && !isCounted ? '' : JSON.stringify([batch, kind])
  return [owner, isOwed ? '1' : '', more, json]
}

const NOTHING: Ours = ['', '', '["",""]', '']
