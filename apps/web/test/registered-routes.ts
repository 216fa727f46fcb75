import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'

/** A route as it was registered. */
export interface RegisteredRoute {
  method: string
  url: string
}

/**
 * Builds a site and says which routes Fastify has registered for it, by whatever plugin, those included that Fastify adds by
 * itself (HEAD).
 */
export async function withRoutes<T>(
  build: () => Promise<T>,
): Promise<{ site: T; routes: RegisteredRoute[] }> {
  const routes: RegisteredRoute[] = []
  // Told of each new instance before anything is registered on it.
  const watch = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) routes.push({ method: each, url })
    })
  }
  subscribe('fastify.initialization', watch)
  try {
    return { site: await build(), routes }
  } finally {
    unsubscribe('fastify.initialization', watch)
  }
}
