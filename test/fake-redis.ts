import { createServer } from 'node:net'

/** Something that speaks as much of Redis' protocol as a refusal needs. */
export function fakeRedis(answer: (command: string) => string): { port: Promise<number>; close(): void } {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', data => {
      for (const command of data.toString().split(/(?=^\*\d+\r\n)/m)) {
        if (/HELLO/i.test(command))
          socket.write('-ERR unknown command `HELLO`, with args beginning with: \r\n')
        else socket.write(answer(command.toUpperCase()))
      }
    })
  })
  const port = new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  return { port, close: () => void server.close() }
}
