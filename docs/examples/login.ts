import type { MessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'

/** Whatever your accounts are. */
export interface Account {
  id: string
  createdAt: Date
}

declare module 'fastify' {
  interface FastifyRequest {
    account: Account | undefined
  }
}

export async function addMessages(
  app: FastifyInstance,
  store: MessageStore,
  find: (id: string | undefined) => Promise<Account | undefined>,
): Promise<void> {
  app.decorateRequest('account')
  app.addHook('preHandler', async request => {
    request.account = await find(request.session.get('userId')) // `owner` itself answers at once
  })
  await app.register(fastifyMessages, {
    store,
    owner: ({ account }) => account && { id: account.id, since: account.createdAt },
  })

  app.post<{ Body: { name: string } }>('/login', async (request, reply) => {
    await request.session.regenerate(['messages']) // what the visitor was told is still there
    request.session.set('userId', request.body.name)
    return reply.redirect('/profile', 303)
  })
  app.post('/logout', async (request, reply) => {
    await request.session.regenerate() // the next user of this browser sees nothing of it
    request.account = undefined
    request.messages.info('You are logged out.')
    return reply.redirect('/profile', 303)
  })
}
