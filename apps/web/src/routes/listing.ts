import type { Blog } from '@tidings/blog'
import type { FastifyPluginAsync } from 'fastify'
import { renderPage } from '../page.ts'
import { notFound } from '../page-error.ts'
import { pageNumber } from '../page-number.ts'
import { postInListing } from '../post-page.ts'

const PER_PAGE = 20

/** `GET /`: the blog, newest first, open to visitors. */
export const listingRoutes: FastifyPluginAsync<{ posts: Blog['posts'] }> = async (app, { posts }) => {
  const options = { config: { access: 'open' } } as const

  app.get<{ Querystring: { page?: unknown } }>('/', options, async (request, reply) => {
    const number = pageNumber(request.query.page)
    const listing = await posts.list({ page: number, perPage: PER_PAGE })
    if (number > Math.max(1, listing.pages)) throw notFound()
    const model = {
      posts: listing.posts.map(postInListing),
      page: { number, of: Math.max(1, listing.pages), total: listing.total },
    }
    return renderPage(request, reply, 'listing', model, {
      title: number === 1 ? 'Posts' : `Posts, page ${number}`,
    })
  })
}
