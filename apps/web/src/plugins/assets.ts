import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import fastifyPlugin from 'fastify-plugin'

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url))
const LIVE = createRequire(import.meta.url).resolve('@tidings/messages/live.js')
const PICO = fileURLToPath(
  new URL('css/', `file://${createRequire(import.meta.url).resolve('@picocss/pico/package.json')}`),
)

/** On every page, in this order. */
const STYLES = ['style.css', 'messages.css', 'pages.css', 'jobs.css', 'posts.css', 'admin.css']
/** Modules, on every page. */
const SCRIPTS = ['notices.js', 'times.js', 'press-once.js', 'job-page.js', 'zones.js', 'post-form.js']
const OTHERS = ['icon.svg', 'inbox-days.js', 'board.css', 'board.js']

/** Addresses of the files that a page refers to: each changes with its file's content, so browsers may keep them. */
export const ASSETS = {
  styles: [address('pico.css', join(PICO, 'pico.classless.min.css')), ...STYLES.map(ownAddress)],
  scripts: SCRIPTS.map(ownAddress),
  /** Brings messages to the open page. */
  live: address('live.js', LIVE),
  /** Groups the inbox by the reader's days. */
  inboxDays: ownAddress('inbox-days.js'),
  icon: ownAddress('icon.svg'),
  /** What the dashboard of the queues lacks, for those who can't see icons or faint colours. */
  board: { style: ownAddress('board.css'), script: ownAddress('board.js') },
} as const

/** Serves the stylesheets, the scripts and the icon, without a session and without Redis. */
export const assets = fastifyPlugin(async app => {
  const root = [PUBLIC, PICO, dirname(LIVE)]
  await app.register(fastifyStatic, { root, serve: false, maxAge: '365d', immutable: true })
  const options = { config: { quiet: true } }
  app.get('/assets/pico.css', options, (_, reply) => reply.sendFile('pico.classless.min.css', PICO))
  app.get('/assets/live.js', options, (_, reply) => reply.sendFile(basename(LIVE), dirname(LIVE)))
  for (const name of [...STYLES, ...SCRIPTS, ...OTHERS]) {
    app.get(`/assets/${name}`, options, (_, reply) => reply.sendFile(name, PUBLIC))
  }
  app.get('/favicon.ico', options, (_, reply) => reply.redirect(ASSETS.icon, 302))
})

function ownAddress(name: string): string {
  return address(name, join(PUBLIC, name))
}

function address(name: string, file: string): string {
  const hash = createHash('sha256').update(readFileSync(file)).digest('base64url')
  return `/assets/${name}?v=${hash.slice(0, 10)}`
}
