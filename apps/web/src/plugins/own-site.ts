import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { OwnAddress } from '../own-address.ts'
import { PageError } from '../page-error.ts'

/**
 * Refuses what isn't meant for this site, or comes from another: a foreign Host anywhere, and on a request that could change
 * something a foreign Origin or what the browser itself calls cross-site. Says so before anything is read or looked up.
 */
export const ownSite = fastifyPlugin<{ address: OwnAddress }>(async (app, { address }) => {
  app.addHook('onRequest', async request => {
    if (request.routeOptions.config.anyHost !== true && !address.isOwnHost(request.host)) {
      throw new PageError(421, `Host ${JSON.stringify(request.host)} isn't this site's: set PUBLIC_URL`)
    }
    if (isUnsafe(request.method) && !isFromOwnPage(request, address)) {
      throw new PageError(403, 'the form came from another site')
    }
  })
  // The token is checked where sessions are. A form outside of there would be one without a check.
  app.addHook('onRoute', function (route) {
    const methods = [route.method].flat()
    if (methods.some(isUnsafe) && !this.hasDecorator('csrfProtection')) {
      throw new Error(
        `${methods.join()} ${route.url} changes something, so it must be registered among the pages with sessions`,
      )
    }
  })
})

/** Whether a request of this method may change something. */
export function isUnsafe(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method)
}

// Clients that aren't browsers send neither header; the token is asked of them all the same.
function isFromOwnPage(request: FastifyRequest, address: OwnAddress): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return origin === undefined || address.isOwnOrigin(origin)
}
