import type { Blog } from './blog.ts'
import { type User, UsernameTakenError } from './user.ts'

/** The demo accounts' password. They exist only where DEMO is set. */
export const DEMO_PASSWORD = 'tidings-demo'

const ACCOUNTS = [
  { username: 'alice', role: 'member' },
  { username: 'bob', role: 'member' },
  { username: 'staff', role: 'staff' },
] as const

const POSTS = [
  {
    author: 'staff',
    publishedAt: '2026-01-05T09:00:00Z',
    tags: ['about'],
    title: 'What this blog is for',
    body: 'It is the example of Tidings. Log in, start a job on the Jobs page, and go on reading.\n\nHow the job ended stands on top of the next page that you open, once, and then stays in your inbox.',
  },
  {
    author: 'alice',
    publishedAt: '2026-02-11T08:30:00Z',
    tags: ['import', 'csv'],
    title: 'Moving an old diary here',
    body: 'Twelve years of notes in one spreadsheet, saved as CSV and uploaded in one go.\n\nThree rows had no text. The message named their lines, so they were quickly mended.',
  },
  {
    author: 'bob',
    publishedAt: '2026-03-20T17:45:00Z',
    tags: ['export'],
    title: 'A copy for the shelf',
    body: 'Once a month I export everything and put the file away. The link in the message works for a day, which is long enough.',
  },
  {
    author: 'alice',
    publishedAt: '2026-05-02T12:00:00Z',
    tags: ['jobs', 'waiting'],
    title: 'In praise of not waiting',
    body: 'A page that spins asks you to watch it. A job asks for nothing: it works while you do something else, and tells you when it is done.',
  },
  {
    author: 'bob',
    publishedAt: '2026-07-14T06:15:00Z',
    tags: ['faults'],
    title: 'The worker that fell over',
    body: 'I started the demo job with “crash” to see what happens. The worker died, another took its place, and in the end there was exactly one message.',
  },
  {
    author: 'staff',
    publishedAt: '2026-09-30T10:00:00Z',
    tags: ['messages'],
    title: 'Five levels, and what they mean',
    body: 'Debug is for developers, info is good to know, success is good news, a warning wants a look, and an error wants you to do something.',
  },
]

/**
 * Makes the demo accounts (alice, bob and staff) and a few posts, where they aren't there yet. It may run again, and in
 * two processes at once.
 */
export async function seedDemo(blog: Blog): Promise<void> {
  const users = new Map<string, User>()
  for (const account of ACCOUNTS) users.set(account.username, await accountOf(blog, account))
  const posts = POSTS.map((post, index) => ({
    ...post,
    id: `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
    authorId: users.get(post.author)?.id ?? '',
    publishedAt: new Date(post.publishedAt),
  }))
  await blog.posts.saveNew(posts)
}

async function accountOf(blog: Blog, account: (typeof ACCOUNTS)[number]): Promise<User> {
  const existing = await blog.users.findByName(account.username)
  if (existing) return existing
  try {
    return await blog.users.create({ ...account, password: DEMO_PASSWORD })
  } catch (error) {
    const winner = error instanceof UsernameTakenError && (await blog.users.findByName(account.username))
    if (winner) return winner // another process made it meanwhile
    throw error
  }
}
