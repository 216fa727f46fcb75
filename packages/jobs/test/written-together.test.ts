import { createServer, type Server, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writtenTogether } from '../src/written-together.ts'

/** What came in one piece, as often as something came. */
const pieces: string[] = []
const sockets = new Set<Socket>()
let server: Server
let redis: Redis

beforeAll(async () => {
  // Not a Redis: what matters is how the bytes leave. Each command is answered.
  server = createServer(socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('data', data => {
      const text = String(data)
      pieces.push(text)
      socket.write('+OK\r\n'.repeat(text.match(/^\*\d/gm)?.length ?? 0))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  redis = new Redis({
    host: '127.0.0.1',
    port,
    enableReadyCheck: false,
    disableClientInfo: true,
    lazyConnect: true,
  })
  await redis.connect()
})

afterAll(() => {
  redis.disconnect()
  for (const socket of sockets) socket.destroy()
  server.close()
})

it('what is sent in one turn of the event loop leaves in one write, and what is sent later in another', async () => {
  const together = writtenTogether(redis)
  pieces.length = 0
  const first = ['a', 'b', 'c'].map(key => together.set(key, '1'))
  // Also what is sent after a promise, in the same turn.
  const later = Promise.resolve().then(() => together.set('d', '1'))
  await Promise.all([...first, later])
  expect(pieces).toHaveLength(1)
  for (const key of ['a', 'b', 'c', 'd']) expect(pieces[0]).toContain(`\r\n${key}\r\n`)
  await together.set('e', '1')
  expect(pieces).toHaveLength(2)
})
