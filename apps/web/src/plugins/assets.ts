import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import fastifyPlugin from 'fastify-plugin'

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url))
const PICO = fileURLToPath(
  new URL('css/', `file://${createRequire(import.meta.url).resolve('@picocss/pico/package.json')}`),
)

/** Addresses of the files that a page refers to: each changes with its file's content, so browsers may keep them. */
export const ASSETS = {
  styles: [
    address('/assets/pico.css', join(PICO, 'pico.classless.min.css')),
    address('/assets/style.css', join(PUBLIC, 'style.css')),
    address('/assets/messages.css', join(PUBLIC, 'messages.css')),
    address('/assets/pages.css', join(PUBLIC, 'pages.css')),
    address('/assets/jobs.css', join(PUBLIC, 'jobs.css')),
    address('/assets/posts.css', join(PUBLIC, 'posts.css')),
    address('/assets/admin.css', join(PUBLIC, 'admin.css')),
  ],
  scripts: [
    address('/assets/press-once.js', join(PUBLIC, 'press-once.js')),
    address('/assets/job-page.js', join(PUBLIC, 'job-page.js')),
    address('/assets/post-form.js', join(PUBLIC, 'post-form.js')),
  ],
  icon: address('/assets/icon.svg', join(PUBLIC, 'icon.svg')),
} as const

/** Serves the stylesheets, the scripts and the icon, without a session and without Redis. */
export const assets = fastifyPlugin(async app => {
  await app.register(fastifyStatic, { root: [PUBLIC, PICO], serve: false, maxAge: '365d', immutable: true })
  const options = { config: { quiet: true } }
  app.get('/assets/pico.css', options, (_, reply) => reply.sendFile('pico.classless.min.css', PICO))
  for (const name of [
    'style.css',
    'messages.css',
    'pages.css',
    'jobs.css',
    'posts.css',
    'admin.css',
    'press-once.js',
    'job-page.js',
    'post-form.js',
    'icon.svg',
  ]) {
    app.get(`/assets/${name}`, options, (_, reply) => reply.sendFile(name, PUBLIC))
  }
  app.get('/favicon.ico', options, (_, reply) => reply.redirect(ASSETS.icon, 302))
})

function address(path: string, file: string): string {
  return `${path}?v=${createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 10)}`
}
