import type { Blog } from '@tidings/blog'
import type { FastifyPluginAsync } from 'fastify'
import { renderPage } from '../page.ts'
import { notFound } from '../page-error.ts'
import { isPublic, postOnPage } from '../post-page.ts'

const PER_PAGE = 20

/** `GET /`: the blog, newest first. `GET /posts/:id`: one post. Both are open to visitors. */
export const listingRoutes: FastifyPluginAsync<{ posts: Blog['posts'] }> = async (app, { posts }) => {
  const options = { config: { access: 'open' } } as const

  app.get<{ Querystring: { page?: unknown } }>('/', options, async (request, reply) => {
    const number = pageNumber(request.query.page)
    const listing = await posts.list({ page: number, perPage: PER_PAGE })
    if (number > Math.max(1, listing.pages)) throw notFound()
    const model = {
      posts: listing.posts.map(postOnPage),
      page: { number, of: Math.max(1, listing.pages), total: listing.total },
    }
    return renderPage(request, reply, 'listing', model, {
      title: number === 1 ? 'Posts' : `Posts, page ${number}`,
    })
  })

  app.get<{ Params: { id: string } }>('/posts/:id', options, async (request, reply) => {
    const post = await posts.find(request.params.id)
    if (post === undefined || !isPublic(post)) throw notFound()
    return renderPage(request, reply, 'post', { post: postOnPage(post) }, { title: post.title })
  })
}

/** Page 1 for anything that is no page number: an address that was typed wrongly still leads to the blog. */
function pageNumber(value: unknown): number {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 1
}
