import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PlainError } from './plain-error.ts'

/** What a process's health port answers. */
export interface HealthServerOptions {
  host: string
  /** 0 takes any free one. */
  port: number
  /** Says in a few words why the process can't do its work at the moment; `undefined` when it can. */
  whyNotReady(): string | undefined | Promise<string | undefined>
  /** The metrics, and their content type; without it there are none. */
  metrics?(): Promise<{ type: string; text: string }>
}

/** A process's health port. */
export interface HealthServer {
  /** Where it is, as `http://host:port`. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Answers `GET /healthz` (the process is up and its event loop turns), `/readyz` (it can do its work; else 503 and why not) and
 * `/metrics`, on a port of its own, which should not be reachable for everybody.
 * @throws PlainError where the port can't be used.
 */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port } = options
  const server = createServer((request, response) => {
    const answered = request.method === 'GET' || request.method === 'HEAD'
    const path = answered ? (request.url ?? '').replace(/\?.*/s, '') : undefined
    answer(path, options, response).catch(() => send(response, 500, 'this went wrong\n'))
  })
  server.requestTimeout = 5_000
  server.on('clientError', (_, socket) => socket.destroy())
  await listen(server, host, port)
  const { address, port: taken, family } = server.address() as AddressInfo
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  path: string | undefined,
  { whyNotReady, metrics }: HealthServerOptions,
  response: ServerResponse,
): Promise<void> {
  if (path === '/healthz') return send(response, 200, 'up\n')
  if (path === '/readyz') {
    const why = await whyNotReady()
    return why === undefined ? send(response, 200, 'ready\n') : send(response, 503, `not ready: ${why}\n`)
  }
  if (path === '/metrics' && metrics) {
    const { type, text } = await metrics()
    return send(response, 200, text, type)
  }
  send(response, 404, 'there is /healthz, /readyz and /metrics\n')
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  if (response.headersSent) return
  const later = status === 503 ? { 'retry-after': '5' } : {}
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...later }).end(text)
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const reason = REASONS[code] ?? `can't be used (${code})`
    throw new PlainError(`HEALTH_PORT: port ${port} on ${host} ${reason}. Choose another one.`)
  }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'is taken already',
  EACCES: 'is for the administrator alone',
  EADDRNOTAVAIL: 'is no address of this machine',
}
