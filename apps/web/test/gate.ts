import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to Redis that can be held up or closed, without touching the Redis that others use. */
export interface Gate {
  /** Where to connect. */
  address: { host: string; port: number }
  /** From now on nothing comes through, and connections stay open. */
  hang(): void
  /** From now on connections are refused; those there are end. */
  shut(): Promise<void>
  /** Everything works again. */
  open(): Promise<void>
  close(): Promise<void>
}

/** Opens a gate to the Redis at a `unix://` address. */
export async function openGate(url: string): Promise<Gate> {
  const path = url.replace('unix://', '')
  const pairs = new Set<[Socket, Socket]>()
  let hanging = false
  const server = createServer(client => {
    const redis = connect(path)
    const pair: [Socket, Socket] = [client, redis]
    pairs.add(pair)
    client.on('data', data => hanging || redis.write(data))
    redis.on('data', data => hanging || client.write(data))
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const endAll = () => {
    for (const [client, redis] of pairs) {
      client.destroy()
      redis.destroy()
    }
  }
  const shut = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    endAll()
    await closed
  }
  return {
    address: { host: '127.0.0.1', port },
    hang() {
      hanging = true
    },
    shut,
    async open() {
      // Answers that were held up are lost: a connection that missed one can't be used any more.
      if (hanging) endAll()
      hanging = false
      if (!server.listening) await listen(port)
    },
    close: shut,
  }
}
