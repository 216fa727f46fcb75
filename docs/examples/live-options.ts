import type { MessageStore } from '@tidings/messages'
import { liveMessages } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'

const SECOND = 1000

export async function addLiveMessages(app: FastifyInstance, store: MessageStore): Promise<void> {
  await app.register(liveMessages, {
    store,
    owner: request => request.session.get('userId'),
    browserMessages: false,
    path: '/live/stream',
    confirmPath: '/live/confirm',
    streamsPerUser: 2,
    streamsPerProcess: 1000,
    heartbeat: 15 * SECOND,
    recheck: 10 * SECOND,
    drainWithin: 5 * SECOND,
    render: ({ time, data }) => ({ time: time.toLocaleTimeString('en'), order: data?.order }),
    preHandler: async (request, reply) => {
      if (request.headers['x-requested-by'] !== 'live')
        return reply.code(403).send({ message: 'Not by a form.' })
    },
    config: { messages: false },
  })
}
