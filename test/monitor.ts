import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { parseRedisUrl } from '@tidings/runtime'
import { onTestFinished } from 'vitest'

/** A command that Redis ran: its words, and whether it came from a script. */
export interface Monitored {
  readonly words: readonly string[]
  readonly isInScript: boolean
}

/**
 * All that Redis runs from now on, by MONITOR, until the test has finished. By a socket of its own: ioredis loses count when
 * a command comes together with the answer to MONITOR.
 */
export async function monitor(url: string): Promise<readonly Monitored[]> {
  const { path, host, port, password } = parseRedisUrl(url).address?.options ?? {}
  const socket = path ? connect(path) : connect(Number(port), host)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const lines = createInterface({ input: socket })
  const commands: Monitored[] = []
  const ready = new Promise<void>(resolve => {
    lines.on('line', line => {
      if (line === '+OK') resolve()
      const [, source, words] = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(line) ?? []
      if (words === undefined) return
      commands.push({
        words: [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word),
        isInScript: source === 'lua',
      })
    })
  })
  socket.write(password ? `AUTH ${password}\r\nMONITOR\r\n` : 'MONITOR\r\n')
  await ready
  return commands
}
