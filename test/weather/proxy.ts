import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** What happens to what goes through. */
export interface Weather {
  /** Nothing comes through, and connections stay open: a cable that was pulled. */
  blackHole?: boolean
  /** Each piece arrives so much later, ms, in each direction. */
  latency?: number
  /** So many bytes a second, in each direction and connection. */
  bytesPerSecond?: number
  /** Pieces of so many bytes at most. */
  slice?: number
  /** The next so many connections end after a command went through, before its answer does. */
  resets?: number
  /** From the first command on that changes something, a connection's commands go through, and no answer comes back. */
  unanswered?: boolean
}

/** A way to a server through which every weather can come. */
export interface WeatherProxy {
  readonly port: number
  /** From now on; an empty one is fair weather. Connections that were held up end when a black hole closes. */
  set(weather: Weather): void
  /** How many resets are still to come. */
  readonly resetsLeft: number
  close(): Promise<void>
}

/** A script, ours or BullMQ's, a transaction, or what takes a message back. */
const CHANGES = /\r\n(eval|evalsha|exec|lrem)\r\n/i

/** Opens a way to the server on this port. */
export async function openProxy(target: { host: string; port: () => number }): Promise<WeatherProxy> {
  let weather: Weather = {}
  const pairs = new Set<Socket[]>()
  const server = createServer(client => {
    const upstream = connect(target.port(), target.host)
    const pair = [client, upstream]
    pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
    let armed = false
    let isMute = false
    carry(client, upstream, data => {
      const changes = CHANGES.test(data.toString('latin1'))
      armed = (weather.resets ?? 0) > 0 && changes
      if (weather.unanswered && changes) isMute = true
      return true
    })
    carry(upstream, client, () => {
      if (isMute) return false
      if (!armed || !weather.resets) return true
      armed = false
      weather.resets -= 1
      client.resetAndDestroy()
      return false
    })
  })

  /** Carries what comes from one side to the other, in order, as the weather allows. */
  function carry(from: Socket, to: Socket, look: (data: Buffer) => boolean): void {
    let before = Promise.resolve()
    from.on('data', (data: Buffer) => {
      if (weather.blackHole) return
      if (!look(data)) return
      const { latency = 0, bytesPerSecond = Number.POSITIVE_INFINITY, slice = data.length } = weather
      const due = Date.now() + latency
      before = before.then(async () => {
        if (due > Date.now()) await pause(due - Date.now())
        for (let at = 0; at < data.length; at += slice) {
          const piece = data.subarray(at, at + slice)
          const takes = (piece.length / bytesPerSecond) * 1000
          if (takes >= 1) await pause(takes)
          if (to.destroyed || weather.blackHole) return
          to.write(piece)
        }
      })
    })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endAll = () => {
    for (const socket of [...pairs].flat()) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get resetsLeft() {
      return weather.resets ?? 0
    },
    set(next) {
      // A connection that has missed something can't be used any more.
      if (weather.blackHole && !next.blackHole) endAll()
      weather = { ...next }
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      endAll()
      await closed
    },
  }
}
