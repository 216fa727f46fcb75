import { LEVELS, type MessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import type { FastifyInstance } from 'fastify'

export async function addMessages(app: FastifyInstance, store: MessageStore): Promise<void> {
  await app.register(fastifyMessages, {
    store,
    owner: request => request.session.get('userId'),
    level: 'NOTICE',
    levels: { NOTICE: 22, CRITICAL: 50 },
    levelTags: { [LEVELS.ERROR]: 'danger', 50: 'critical danger' },
  })
  app.post('/backup', async (request, reply) => {
    const { messages } = request
    messages.add('NOTICE', 'The backup has begun.', { extraTags: 'backup' }) // tags: "backup notice"
    messages.info('INFO is below NOTICE: nobody will read this.')
    messages.level = LEVELS.DEBUG // for this request alone
    messages.debug('Copied 3 files.')
    messages.level = undefined // the plugin's own again
    messages.error('One file could not be read.') // tags: "danger"
    return reply.redirect('/profile', 303)
  })
}
