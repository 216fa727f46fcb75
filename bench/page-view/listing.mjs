import { PostStore } from '@tidings/blog'
import { levelWord } from '../../apps/web/dist/level-word.js'
import { closeLabel, notices } from '../../apps/web/dist/notices.js'
import { postInListing } from '../../apps/web/dist/post-page.js'

const BODY =
  'Twelve years of notes in one spreadsheet, saved as CSV and uploaded in one go.\n\nThree rows had no text. The message named their lines, so they were quickly mended.'
const PER_PAGE = 20
const PREFIX = '{bench-blog}'
const DAY = 24 * 60 * 60 * 1000

/** Stores three pages of posts. */
export async function publish(redis) {
  const store = new PostStore({ redis, prefix: PREFIX })
  for (let i = 0; i < 3 * PER_PAGE; i++) await store.save(post(i))
}

function post(i) {
  const time = new Date(Date.now() - i * DAY)
  return {
    id: `post-${i}`,
    title: `Moving an old diary here, part ${i + 1}`,
    body: BODY,
    tags: ['import', 'csv'],
    author: 'alice',
    authorId: 'user-1',
    createdAt: time,
    savedAt: time,
    publishedAt: time,
  }
}

/** What the site gives its own listing of twenty posts (apps/web/src/routes/listing.ts): from Redis, as the site has them. */
export function createListing(redis) {
  const store = new PostStore({ redis, prefix: PREFIX })
  return async user => {
    const { posts, total, pages } = await store.list({ page: 1, perPage: PER_PAGE })
    return model(user, posts.map(postInListing), { number: 1, of: pages, total })
  }
}

const kept = Array.from({ length: PER_PAGE }, (_, i) => postInListing(post(i)))

/** The same with posts that are in memory already: as cheap as such a page can be. */
export function listingInMemory(user) {
  return model(user, kept, { number: 1, of: 3, total: 3 * PER_PAGE })
}

function model(user, posts, page) {
  return {
    posts,
    page,
    assets: {
      icon: '/assets/icon.svg',
      styles: ['/assets/pico.css', '/assets/style.css'],
      scripts: ['/assets/job-form.js'],
    },
    title: 'Posts',
    csrf: 'a token',
    user: user && { username: user, isStaff: false },
    levelWord,
    closeLabel,
    notices: messages => notices(messages, '/'),
    path: '/',
    isDemo: false,
  }
}
