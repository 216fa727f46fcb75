import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { opensPage } from './consumption.ts'
import { type Level, LevelTable } from './level-table.ts'
import { LEVELS } from './levels.ts'
import type { Message } from './message.ts'
import type { MessageStore } from './message-store.ts'
import type { Owner } from './request-reader.ts'

/** Options of {@link fastifyMessages}. */
export interface FastifyMessagesOptions {
  /** Where messages wait. */
  store: MessageStore
  /**
   * Who is logged in: an id that the application chooses, or `{ id, since }` so that nobody gets what was written to everyone
   * before they existed; nothing for a visitor. Asked whenever it is needed, and answers at once: load the user before, in a hook.
   */
  owner(request: FastifyRequest): Owner
  /** Messages that a page shows at most; default 10, `Infinity` allowed. */
  limit?: number
  /** The lowest level that `request.messages` records, a number or a name; default `LEVELS.INFO`. */
  level?: Level
  /** Levels of one's own, name to number, beside Django's five: `{ NOTICE: 22 }`. Their tag is the name in lower case. */
  levels?: Readonly<Record<string, number>>
  /** The tags of levels, number to words for a stylesheet, in place of the names: `{ [LEVELS.ERROR]: 'danger' }`. May be ''. */
  levelTags?: Readonly<Record<number, string>>
  /** Whether this request opens a page that somebody will look at; default by method and headers: no HEAD, prefetch or fetch. */
  consumes?(request: FastifyRequest): boolean
  /**
   * Says a message that was posted with `i18n` in the reader's language, when it is shown. What it can't say (`undefined`, or it
   * throws) is shown as it was posted.
   */
  translate?(message: Message, request: FastifyRequest): string | undefined
  /** How long a request waits for the store, all in all, ms; default 500. A page is rendered without messages then. */
  timeout?: number
  /** The methods of a reply that render views; default those of @fastify/view: `['view', 'viewAsync']`. */
  views?: readonly string[]
  /** Whether to warn of what a developer should know; default: where `NODE_ENV` isn't `production`. */
  development?: boolean
}

const tag = z.string().regex(/^[\w -]{0,100}$/, 'expected words of letters, digits, "-" and "_"')
const levelNumber = z.int().min(0).max(1000)

const optionsSchema = z.object({
  store: z.object({ post: z.function(), claim: z.function(), confirm: z.function(), release: z.function() }),
  owner: z.function(),
  limit: z.union([z.int().min(1), z.literal(Infinity)], 'expected a positive integer or Infinity').optional(),
  level: z.union([z.int(), z.string()]).optional(),
  levels: z.record(z.string().regex(/^[A-Za-z]\w*$/, 'expected a name'), levelNumber).optional(),
  levelTags: z.record(z.string().regex(/^\d+$/, 'expected the number of a level'), tag).optional(),
  consumes: z.function().optional(),
  translate: z.function().optional(),
  timeout: z.int().min(1).max(60_000).optional(),
  views: z.array(z.string().min(1)).optional(),
  development: z.boolean().optional(),
})

/** What the plugin works with: the options, checked, with their defaults. */
export interface MessagesSettings {
  store: MessageStore
  owner: FastifyMessagesOptions['owner']
  limit: number
  level: number
  levels: LevelTable
  consumes(request: FastifyRequest): boolean
  translate: FastifyMessagesOptions['translate']
  timeout: number
  views: readonly string[]
  development: boolean
  /** Is told of what is still to be settled when a response is over. */
  track(settled: Promise<void>): void
}

/**
 * Checks the options.
 * @throws TypeError that names each at fault.
 */
export function checkOptions(options: FastifyMessagesOptions): Omit<MessagesSettings, 'track'> {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw new TypeError(`fastifyMessages: ${z.prettifyError(checked.error)}`)
  const { store, level = LEVELS.INFO } = options
  const levels = new LevelTable({ levels: options.levels, tags: options.levelTags })
  return {
    store,
    owner: request => options.owner(request),
    limit: options.limit ?? 10,
    level: levels.numberOf(level),
    levels,
    consumes: options.consumes ?? opensPage,
    translate: options.translate,
    timeout: options.timeout ?? 500,
    views: options.views ?? ['view', 'viewAsync'],
    development: options.development ?? process.env.NODE_ENV !== 'production',
  }
}
