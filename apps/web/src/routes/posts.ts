import { randomUUID } from 'node:crypto'
import { type Blog, type Post, PostChangedError, PostExistsError, type PostWriter } from '@tidings/blog'
import { TooManyJobsError } from '@tidings/jobs'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { renderPage } from '../page.ts'
import { notFound, PageError } from '../page-error.ts'
import { pageNumber } from '../page-number.ts'
import { userOf } from '../plugins/access.ts'
import { againWords } from '../plugins/typed-again.ts'
import { checkPost, formOnPage, type PostValues, postValues, sentPost } from '../post-form.ts'
import { isPublic, postInList, postOnPage, postPath } from '../post-page.ts'
import type { RateLimit } from '../rate-limit.ts'
import { momentInWords } from '../zoned-time.ts'

const PER_PAGE = 20
const CHANGED =
  'It was changed after you had opened this form, perhaps in another tab. Below you find what differs there, and in the form all that you typed. Take over what you need: saving puts yours in the place of the newer version.'
const GONE =
  'The post that you edited is not here any more: perhaps it was deleted in another tab. All that you typed is below. Saving makes a new post of it.'
/** A text that is five times too long still arrives, and can be given back. */
const FORM_BYTES = 1_500_000

interface One {
  Params: { id: string }
}

/**
 * `GET /posts/:id`: a post, for everybody once it is published. Writing, for its author alone: `GET /posts/new`, `POST /posts`,
 * `GET /posts/:id/edit`, `POST /posts/:id`, `GET` and `POST /posts/:id/delete`, and `GET /posts/mine`.
 */
export const postRoutes: FastifyPluginAsync<{
  posts: Blog['posts']
  writer: PostWriter
  starts: RateLimit
}> = async (app, { posts, writer, starts }) => {
  const config = { keepsForm: true, formPage: ({ id }: Record<string, string>) => formPath(id) }
  const form = { bodyLimit: FORM_BYTES, config }

  app.get<One>('/posts/:id', { config: { access: 'open' } }, async (request, reply) => {
    const post = await posts.find(request.params.id)
    const isOwn = request.user !== undefined && post?.authorId === request.user.id
    if (post === undefined || !(isOwn || isPublic(post))) throw notFound()
    const state = isOwn ? await writer.stateOf(post) : undefined
    return renderPage(request, reply, 'post', { post: postOnPage(post, state) }, { title: post.title })
  })

  app.get<{ Querystring: { page?: unknown } }>('/posts/mine', async (request, reply) => {
    const number = pageNumber(request.query.page)
    const {
      pages,
      total,
      posts: own,
    } = await posts.listOwn(userOf(request).id, {
      page: number,
      perPage: PER_PAGE,
    })
    if (number > pages) throw notFound()
    const listed = await Promise.all(own.map(async post => postInList(post, await writer.stateOf(post))))
    const title = number === 1 ? 'Your posts' : `Your posts, page ${number}`
    return renderPage(
      request,
      reply,
      'own-posts',
      { posts: listed, page: { number, of: pages, total } },
      { title },
    )
  })

  app.get('/posts/new', async (request, reply) => {
    const typed = await request.typedBefore(action => action === '/posts')
    if (typed === undefined) return formPage(request, reply, { values: postValues(), key: randomUUID() })
    const { key = randomUUID(), ...values } = sentPost(typed.texts)
    return formPage(request, reply, { values, key, problem: againWords(typed), status: 200 })
  })

  app.post('/posts', form, async (request, reply) => {
    const { key = randomUUID(), ...values } = sentPost(request.body)
    const checked = checkPost(values)
    if (checked.problems) return formPage(request, reply, { values, key, problems: checked.problems })
    try {
      await room(request)
      const post = await writer.create(userOf(request), key, checked.text, checked.when)
      request.messages.success(savedWords(post, values.zone))
      return reply.redirect(postPath(post.id), 303)
    } catch (error) {
      return refusedPage(error, request, reply, { values, key })
    }
  })

  app.get<One>('/posts/:id/edit', async (request, reply) => {
    const { id } = request.params
    const post = await writer.own(userOf(request), id)
    const typed = await request.typedBefore(action => action === postPath(id))
    if (typed === undefined) {
      if (post === undefined) throw notFound()
      return formPage(request, reply, { values: postValues(post), post })
    }
    const { version, ...values } = sentPost(typed.texts)
    if (post === undefined) return gonePage(request, reply, values)
    return formPage(request, reply, { values, version, post, problem: againWords(typed), status: 200 })
  })

  app.post<One>('/posts/:id', form, async (request, reply) => {
    const { version, ...values } = sentPost(request.body)
    const post = await writer.own(userOf(request), request.params.id)
    if (post === undefined) return gonePage(request, reply, values)
    const checked = checkPost(values, { post })
    const again = { values, version, post }
    if (checked.problems) return formPage(request, reply, { ...again, problems: checked.problems })
    try {
      await room(request)
      const saved = await writer.edit(userOf(request), post.id, checked.text, checked.when, version)
      if (saved === undefined) return gonePage(request, reply, values)
      request.messages.success(post.publishedAt ? 'Your changes are saved.' : savedWords(saved, values.zone))
      return reply.redirect(postPath(post.id), 303)
    } catch (error) {
      return refusedPage(error, request, reply, again)
    }
  })

  app.get<One>('/posts/:id/delete', async (request, reply) => {
    const post = await ownPost(request)
    const model = { post: postInList(post, await writer.stateOf(post)) }
    return renderPage(request, reply, 'post-delete', model, { title: 'Delete this post?' })
  })

  // Said by the route, once its handler has answered: where it is always the same, a handler needn't say it.
  const deleted = { config: { successMessage: 'The post is deleted.' } }
  app.post<One>('/posts/:id/delete', deleted, async (request, reply) => {
    if (!(await writer.delete(userOf(request), request.params.id))) throw notFound()
    return reply.redirect('/posts/mine', 303)
  })

  /** Saving may start a job, so it counts as that. */
  async function room(request: FastifyRequest): Promise<void> {
    const { allowed, retryAfter } = await starts.take(userOf(request).id)
    if (!allowed) throw new PageError(429, 'too many posts were saved', { retryAfter })
  }

  /** What isn't one's own looks like none. */
  async function ownPost(request: FastifyRequest<One>): Promise<Post> {
    const post = await writer.own(userOf(request), request.params.id)
    if (post === undefined) throw notFound()
    return post
  }
}

interface Form {
  values: PostValues
  key?: string
  post?: Post
  problems?: Partial<PostValues>
  problem?: string
  version?: string
  isChanged?: boolean
  status?: number
}

function formPage(request: FastifyRequest, reply: FastifyReply, form: Form): Promise<FastifyReply> {
  const isRefused = form.problems !== undefined || form.problem !== undefined
  return renderPage(
    request,
    reply,
    'post-form',
    { form: formOnPage(form), problem: isRefused, cancel: form.post ? postPath(form.post.id) : '/' },
    { title: form.post ? 'Edit your post' : 'Write a post', status: form.status ?? (isRefused ? 422 : 200) },
  )
}

/**
 * What was typed into the form of a post that isn't there any more, as that of a new one. Somebody else's post looks like none, so
 * this says nothing of it.
 */
function gonePage(request: FastifyRequest, reply: FastifyReply, values: PostValues): Promise<FastifyReply> {
  if (values.title === '' && values.body === '') throw notFound()
  // Of a post that was published the form had no choice.
  const again = { ...values, when: values.when || 'draft' }
  return formPage(request, reply, { values: again, key: randomUUID(), problem: GONE, status: 404 })
}

/** The form again, with what its author can do about it; anything else is thrown on. */
function refusedPage(error: unknown, request: FastifyRequest, reply: FastifyReply, form: Form) {
  if (error instanceof PostExistsError) {
    const problem =
      'This form made a post before, which differs from this one. Save again to make a second post.'
    return formPage(request, reply, { ...form, key: randomUUID(), problem })
  }
  if (error instanceof PostChangedError) {
    const { post } = error
    return formPage(request, reply, {
      values: form.values,
      post,
      problem: CHANGED,
      isChanged: true,
      status: 409,
    })
  }
  if (error instanceof PageError && error.statusCode === 429) {
    const seconds = error.retryAfter ?? 60
    const problem = `That was more than one may save in a minute. Save again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`
    return formPage(request, reply.header('retry-after', seconds), { ...form, problem, status: 429 })
  }
  if (error instanceof TooManyJobsError) {
    const problem = `You have ${error.limit} jobs that have not ended yet, so this post has no time. Wait for one of them, or cancel one.`
    return formPage(request, reply, { ...form, problem })
  }
  throw error
}

function formPath(id: string | undefined): string {
  return id === undefined ? '/posts/new' : `${postPath(id)}/edit`
}

function savedWords({ publishedAt, schedule }: Post, zone: string): string {
  if (publishedAt) return 'Your post is live.'
  return schedule ? `It will be published on ${momentInWords(schedule.at, zone)}.` : 'Your draft is saved.'
}
