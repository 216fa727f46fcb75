import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { testRedis } from '../../../../test/redis.ts'
import type { FastifyMessagesOptions, RequestMessages } from '../../src/fastify.ts'
import { MemoryMessageStore, type MessageStore, RedisMessageStore } from '../../src/index.ts'
import { loggedIn, testApp } from '../fastify-app.ts'

type Run<T> = (messages: RequestMessages, request: FastifyRequest, reply: FastifyReply) => T | Promise<T>

export interface Visit {
  readonly app: FastifyInstance
  readonly store: MessageStore
  readonly owner: string
  /** Runs this in a request of the user, whose answer is a page unless it is answered otherwise. */
  during<T>(run: Run<T>): Promise<T>
  /** The texts of the next page. */
  next(): Promise<(string | undefined)[]>
  readonly user: Awaited<ReturnType<typeof loggedIn>>
}

/** Both stores, for cases that each must pass. Call it at the top of a test file. */
export function stores(): [name: string, make: () => MessageStore][] {
  const { redis, prefix } = testRedis()
  return [
    ['MemoryMessageStore', () => new MemoryMessageStore()],
    ['RedisMessageStore', () => new RedisMessageStore({ redis, prefix })],
  ]
}

/** Somebody who is logged in to an application with this store. */
export async function visit(
  store: MessageStore,
  options: Partial<FastifyMessagesOptions> = {},
  routes: (app: FastifyInstance) => unknown = () => {},
): Promise<Visit> {
  let run: Run<unknown> = () => {}
  let outcome: { value?: unknown; error?: unknown } = {}
  const app = await testApp(
    { store, ...options },
    {
      routes: app => {
        routes(app)
        app.get('/during', async (request, reply) => {
          try {
            outcome = { value: await run(request.messages, request, reply) }
          } catch (error) {
            outcome = { error }
          }
          return reply.sent ? reply : reply.type('text/html').send('<p>a page</p>')
        })
      },
    },
  )
  const user = await loggedIn(app)
  return {
    app,
    store,
    user,
    owner: user.owner,
    async during<T>(task: Run<T>) {
      run = task
      await user.get('/during')
      if ('error' in outcome) throw outcome.error
      return outcome.value as T
    },
    next: () => user.texts(),
  }
}

/** The texts, read. */
export const textsOf = (messages: Iterable<{ text: string }>) => [...messages].map(({ text }) => text)
