import { randomUUID } from 'node:crypto'
import { versionOf } from '@tidings/blog'
import { info } from '@tidings/messages'
import type { Site } from './client.ts'

/** What the sweep sends to a route: made before each role's turn, by the site and its objects. */
export interface RouteClass {
  /**
   * Who may: `anybody`; `users`, who are logged in; the `owner` of the object that `at` names, who is alice (to all others it
   * isn't there); `staff` (to all others it isn't there).
   */
  for: 'anybody' | 'users' | 'owner' | 'staff'
  /** The address, where the route has parameters or wants a query. */
  at?: (objects: SweptObjects) => string
  /** The form's fields, besides the token. */
  fields?: (objects: SweptObjects) => Record<string, string | string[]>
  /** The body is JSON rather than a form. */
  isJson?: boolean
  /** The statuses that those get who may; default 200, and 303 for a form. */
  gives?: number[]
  /** What visitors get instead of the way to the login; with or without a token. */
  visitors?: number | number[]
  /** Only there with DEMO. */
  isDemo?: boolean
  /** It answers with a stream that doesn't end: only those who may not are sent there. */
  isStream?: boolean
}

/** Alice's. */
export interface SweptObjects {
  job: string
  file: string
  message: string
  post: string
  /** Its version, which a form carries. */
  version: string
  /** What staff have written to her. */
  staffMessage: string
}

/** Makes what alice owns. */
export async function sweptObjects({ blog, jobs, store, definitions, alice }: Site): Promise<SweptObjects> {
  if (!definitions.demo) throw new Error('Expected the demo job.')
  const input = { label: 'sweep', outcome: 'succeed', seconds: 0 } as const
  const { id: job } = await jobs.enqueue(definitions.demo, input, { owner: alice.id })
  const file = { owner: alice.id, name: 'a.csv', type: 'text/csv', content: [Buffer.from('a')], ttl: 60_000 }
  const { id } = await blog.files.save(file, { maxBytes: 100 })
  await store.post(alice.id, info('For alice.'))
  const [message] = await store.inbox(alice.id)
  const [post] = (await blog.posts.listOwn(alice.id)).posts
  const staffMessage = randomUUID()
  const sender = { id: alice.id, username: 'alice' }
  const written = { to: [sender], recipients: 1, level: 20, text: 'Swept.', sentAt: new Date() }
  await blog.staffMessages.keep({ id: staffMessage, sender, ...written })
  return {
    job,
    file: id,
    message: message?.id ?? '',
    post: post?.id ?? '',
    version: post ? versionOf(post) : '',
    staffMessage,
  }
}

const POST_TEXT = { title: 'Swept', body: 'Swept', when: 'now' }

/**
 * Every route of the site, and who may. A new route is added here, by its method and its URL as it was registered; HEAD goes
 * with its GET. An address that ends in `*` stands for all routes below it.
 */
export const ROUTES: Readonly<Record<string, RouteClass>> = {
  'GET /': { for: 'anybody' },
  'GET /posts/:id': { for: 'anybody', at: ({ post }) => `/posts/${post}` },
  'GET /posts/mine': { for: 'users' },
  'GET /posts/new': { for: 'users' },
  'POST /posts': { for: 'users', fields: () => POST_TEXT },
  'GET /posts/:id/edit': { for: 'owner', at: ({ post }) => `/posts/${post}/edit` },
  'POST /posts/:id': {
    for: 'owner',
    at: ({ post }) => `/posts/${post}`,
    fields: ({ version }) => ({ ...POST_TEXT, version }),
  },
  'GET /posts/:id/delete': { for: 'owner', at: ({ post }) => `/posts/${post}/delete` },
  'POST /posts/:id/delete': { for: 'owner', at: ({ post }) => `/posts/${post}/delete` },
  'GET /healthz': { for: 'anybody' },
  'GET /readyz': { for: 'anybody' },
  'GET /assets/*': { for: 'anybody' },
  'GET /favicon.ico': { for: 'anybody', gives: [302] },

  'GET /login': { for: 'anybody', gives: [200, 303] },
  'POST /login': { for: 'anybody', fields: () => ({ username: 'x', password: 'x' }), gives: [422] },
  'POST /logout': { for: 'anybody', gives: [303], visitors: 303 },

  'GET /account': { for: 'users' },
  'POST /account/password': { for: 'users', gives: [422] },
  'POST /account/sessions/end': { for: 'users' },

  'GET /jobs': { for: 'users' },
  'POST /jobs/:name': {
    for: 'users',
    at: () => '/jobs/demo',
    fields: () => ({ label: 'x', outcome: 'succeed', seconds: '0' }),
  },
  'GET /jobs/:id': { for: 'owner', at: ({ job }) => `/jobs/${job}` },
  'POST /jobs/:id/cancel': { for: 'owner', at: ({ job }) => `/jobs/${job}/cancel` },
  'POST /jobs/:id/retry': { for: 'owner', at: ({ job }) => `/jobs/${job}/retry` },
  'POST /jobs/:id/again': { for: 'owner', at: ({ job }) => `/jobs/${job}/again` },
  'GET /jobs/:id/stream': { for: 'owner', at: ({ job }) => `/jobs/${job}/stream`, isStream: true },
  'GET /files/:id': { for: 'owner', at: ({ file }) => `/files/${file}` },

  'GET /inbox': { for: 'users' },
  'POST /inbox/read': { for: 'users', fields: ({ message }) => ({ newest: message }) },
  'POST /inbox/dismiss': { for: 'users', fields: ({ message }) => ({ id: message }) },

  'GET /messages/stream': { for: 'users', visitors: 204, isStream: true },
  'POST /messages/confirm': {
    for: 'users',
    fields: ({ message }) => ({ ids: [message] }),
    isJson: true,
    gives: [204],
    visitors: [403, 401],
  },

  'GET /admin': { for: 'staff' },
  'GET /admin/messages': { for: 'staff' },
  'POST /admin/messages/preview': { for: 'staff', fields: letter, gives: [200] },
  'POST /admin/messages': { for: 'staff', fields: letter },
  'GET /admin/messages/:id': { for: 'staff', at: ({ staffMessage }) => `/admin/messages/${staffMessage}` },
  'POST /admin/messages/:id/send': {
    for: 'staff',
    at: ({ staffMessage }) => `/admin/messages/${staffMessage}/send`,
  },
  'POST /admin/messages/:id/withdraw': {
    for: 'staff',
    at: ({ staffMessage }) => `/admin/messages/${staffMessage}/withdraw`,
  },
  'GET /admin/jobs': { for: 'staff' },
  'GET /admin/jobs/:id': { for: 'staff', at: ({ job }) => `/admin/jobs/${job}` },
  'POST /admin/jobs/retry': { for: 'staff', fields: ({ job }) => ({ job }) },
  'POST /admin/jobs/cancel': { for: 'staff', fields: ({ job }) => ({ job }) },
  'GET /admin/audit': { for: 'staff' },
  'GET /admin/queues': { for: 'staff', gives: [303] },
  'GET /admin/queues/': { for: 'staff' },
  'GET /admin/queues/api/queues': { for: 'staff' },
  // What @bull-board asks by itself, of queues and jobs that aren't there; what it may not know, too.
  'GET /admin/queues/*': { for: 'staff', gives: [200, 403, 404] },
  'POST /admin/queues/*': { for: 'staff', gives: [405] },
  'PUT /admin/queues/*': { for: 'staff', gives: [405] },
  'PATCH /admin/queues/*': { for: 'staff', gives: [405] },
  'DELETE /admin/queues/*': { for: 'staff', gives: [405] },

  'GET /add_messages/': { for: 'users', isDemo: true },
}

function letter(): Record<string, string> {
  return { id: randomUUID(), to: 'people', names: 'alice', level: 'info', text: 'Swept.' }
}
