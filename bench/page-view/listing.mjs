import { levelWord } from '../../apps/web/dist/level-word.js'
import { closeLabel, notices } from '../../apps/web/dist/notices.js'

const BODY =
  'Twelve years of notes in one spreadsheet, saved as CSV and uploaded in one go.\n\nThree rows had no text. The message named their lines, so they were quickly mended.'

const posts = Array.from({ length: 20 }, (_, i) => ({
  href: `/posts/${i}`,
  title: `Moving an old diary here, part ${i + 1}`,
  body: BODY,
  tags: ['import', 'csv'],
  author: 'alice',
  published: { iso: '2026-02-11T08:30:00.000Z', day: '11 February 2026' },
}))

/** What the site gives its own listing of twenty posts (apps/web/views/listing.pug). */
export function listing(user) {
  return {
    posts,
    page: { number: 1, of: 3, total: 60 },
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
