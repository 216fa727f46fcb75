import type { FastifyPluginAsync } from 'fastify'
import type { Redis } from 'ioredis'

const PING_LIMIT = 500

/** `GET /healthz`: the process is up. `GET /readyz`: it is up and Redis answers. */
export const healthRoutes: FastifyPluginAsync<{ redis: Redis }> = async (app, { redis }) => {
  const options = { config: { anyHost: true, quiet: true } }
  app.get('/healthz', options, async (_, reply) =>
    reply.header('cache-control', 'no-store').type('text/plain').send('up\n'),
  )
  app.get('/readyz', options, async (_, reply) => {
    const ready = await answersInTime(redis)
    reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .type('text/plain')
    if (!ready) reply.header('retry-after', '5')
    return reply.send(ready ? 'ready\n' : 'not ready: Redis does not answer\n')
  })
}

/** Whether Redis answers within half a second. */
export async function answersInTime(redis: Redis): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(resolve, PING_LIMIT, false)
  })
  const answer = redis.ping().then(
    () => true,
    () => false,
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
