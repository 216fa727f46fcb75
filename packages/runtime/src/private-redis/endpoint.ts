import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { RedisOptions } from 'ioredis'
import { z } from 'zod'

const endpointSchema = z.union([
  z.object({ socket: z.string() }),
  z.object({ port: z.number().int(), password: z.string() }),
])

/** Where the private Redis listens: on a socket in its folder, or on a loopback port with a password. */
export type Endpoint = z.output<typeof endpointSchema>

// The kernel allows 108 bytes on Linux and 104 on macOS.
const LONGEST_SOCKET_PATH = 100

/** The endpoint that the last start wrote down, if there is one. */
export async function readEndpoint(directory: string): Promise<Endpoint | undefined> {
  try {
    const parsed = endpointSchema.safeParse(JSON.parse(await readFile(endpointFile(directory), 'utf8')))
    return parsed.data
  } catch {
    return undefined
  }
}

/** Writes down where the server will listen, before it is started, so that it is found whatever happens then. */
export async function writeEndpoint(directory: string, endpoint: Endpoint): Promise<void> {
  const draft = `${endpointFile(directory)}.draft`
  await writeFile(draft, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 })
  await rename(draft, endpointFile(directory))
}

/**
 * Chooses where to listen: the socket unless its path is too long or `avoidSocket`, else a port, the last one again if
 * it is free, so that those who knew it find the server there.
 */
export async function chooseEndpoint(
  directory: string,
  { last, avoidSocket = false }: { last?: Endpoint | undefined; avoidSocket?: boolean },
): Promise<Endpoint> {
  const socket = join(directory, 'redis.sock')
  if (!avoidSocket && Buffer.byteLength(socket) <= LONGEST_SOCKET_PATH) return { socket }
  if (last !== undefined && 'port' in last && (await freePort(last.port)) === last.port) return last
  return { port: (await freePort(0)) ?? 0, password: randomBytes(24).toString('hex') }
}

/** What ioredis needs to connect to an endpoint. */
export function endpointOptions(endpoint: Endpoint): RedisOptions {
  if ('socket' in endpoint) return { path: endpoint.socket }
  return { host: '127.0.0.1', port: endpoint.port, password: endpoint.password }
}

function endpointFile(directory: string): string {
  return join(directory, 'endpoint.json')
}

function freePort(port: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
