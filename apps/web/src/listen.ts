import { PlainError } from '@tidings/runtime'
import type { FastifyInstance } from 'fastify'

/**
 * Has the app listen.
 * @returns the address under which this machine reaches it
 * @throws PlainError that says in words why it can't, and what to do
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = reasonOf(code, host, port)
    if (reason === undefined) throw error
    throw new PlainError(reason, { cause: error })
  }
}

function reasonOf(code: string, host: string, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken on ${host}. Stop what uses it, or set PORT to another one.`
    case 'EACCES':
      return `Port ${port} may not be used by this user. Set PORT to one of 1024 or above.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST is ${JSON.stringify(host)}, which is no address of this machine. Leave it out for 127.0.0.1.`
    default:
      return undefined
  }
}
