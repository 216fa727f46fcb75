import { REFUSED } from './accept.ts'
import { backoffOptions } from './backoff.ts'
import { checkNewInput } from './check-input.ts'
import type { AnyJobDefinition } from './define-job.ts'
import type { Definitions } from './definitions.ts'
import { digestOf, idOf } from './job-id.ts'
import { PICK_UP_WITHIN } from './job-queue.ts'
import type { JobQueues } from './job-queues.ts'
import { encoding } from './ledger-entry.ts'
import type { Log } from './log.ts'
import { startedMessage } from './outcome.ts'
import { KeyReusedError, TooManyJobsError } from './refused-error.ts'
import { KEPT, KEY_HOLDS } from './retention.ts'
import type { StoredData } from './stored-job.ts'
import { uniqueKey } from './unique-key.ts'

/** How jobs of this process are taken. */
export interface NewJobsOptions {
  queues: JobQueues
  definitions: Definitions
  log: Log
  fair: boolean
  maxPerOwner: number | undefined
}

/** How one job is added. */
export interface AddOptions {
  id: string
  idempotencyKey?: string | undefined
  isRepeatable?: boolean
  sameInput?: string | undefined
  delay?: number | undefined
  priority?: number | undefined
}

/** Takes jobs, with all that is owed for them from then on. */
export class NewJobs {
  readonly #options: NewJobsOptions

  constructor(options: NewJobsOptions) {
    this.#options = options
  }

  /**
   * The input as the definition's schema gives it back.
   * @throws InvalidInputError where the schema refuses it. TypeError where the definition isn't one of these.
   */
  async check(definition: AnyJobDefinition, input: unknown): Promise<unknown> {
    if (this.#options.definitions.get(definition.name) !== definition) {
      throw new TypeError(`Job "${definition.name}" is not among the definitions that createJobs was given`)
    }
    return checkNewInput(definition, input)
  }

  /**
   * Adds a job; gives the id of the one that does the work.
   * @param read the input as its schema gave it back
   */
  async add(
    definition: AnyJobDefinition,
    data: StoredData,
    read: unknown,
    { id, idempotencyKey, isRepeatable = idempotencyKey !== undefined, sameInput, ...when }: AddOptions,
  ): Promise<string> {
    const { owner, input } = data
    const { queues, log, fair, maxPerOwner } = this.#options
    await queues.store.checkShards()
    const queue = queues.of(owner)
    const { delay = definition.delay ?? 0, priority = definition.priority } = when
    if (fair && priority !== undefined)
      throw new TypeError('Owners take turns (fair: true): a job can have no priority')
    const unique = uniqueKey(definition, { input: read, owner })
    const facts = { jobId: id, name: definition.name, owner, input: read }
    const started = data.batch === undefined ? startedMessage(definition, facts, log) : undefined
    const acceptance = {
      id,
      due: Date.now() + delay + (definition.pickUpWithin ?? PICK_UP_WITHIN),
      delay,
      entry: queue.entry(id, definition.name, definition, { ...data, input: read }),
      limit: maxPerOwner,
      fair,
      once: isRepeatable ? { digest: digestOf(sameInput ?? input), for: KEY_HOLDS } : undefined,
      started: encoding(started),
    }
    const stored = {
      ...data,
      owed: true as const,
      ...(definition.version !== undefined && { version: definition.version }),
      ...(maxPerOwner !== undefined && { counted: true }),
    }
    try {
      return await queue.add(definition, stored, acceptance, {
        jobId: id,
        attempts: definition.attempts,
        ...(definition.backoff && { backoff: backoffOptions(definition) }),
        ...(delay > 0 && { delay }),
        ...((fair || priority !== undefined) && { priority: priority ?? 1 }),
        ...(unique !== undefined && { deduplication: { id: idOf([owner, definition.name, unique]) } }),
        removeOnComplete: KEPT,
        removeOnFail: KEPT,
      })
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === REFUSED.tooMany) throw new TooManyJobsError(maxPerOwner ?? 0)
      if (code === REFUSED.otherInput) throw new KeyReusedError()
      throw error
    }
  }
}
