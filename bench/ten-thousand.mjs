// A page of a user to whom ten thousand messages were posted: how long it takes, what it shows, and what it says of the rest.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { info, RedisMessageStore } from '@tidings/messages'
import { Visitor } from './page-view/visitor.mjs'
import { judge, median } from './tools/ratio.mjs'
import { startRedis } from './tools/redis.mjs'

const POSTED = 10_000
const VIEWS = 20

const { redis, url, close } = await startRedis()

for (const cap of [100, POSTED]) {
  const web = await startWeb(cap)
  const store = new RedisMessageStore({ redis, prefix: `{cap-${cap}}`, cap })
  const visitor = new Visitor(web.port)
  const stranger = await visitor.login('stranger')
  for (let i = 0; i < 50; i++) await visitor.open('/', stranger)
  const popular = await visitor.login('popular')
  for (let i = 0; i < POSTED; i += 100)
    await store.post(
      'popular',
      Array.from({ length: 100 }, (_, n) =>
        info(`Message ${i + n} of ten thousand that were posted to one user.`),
      ),
    )

  const times = []
  const pages = []
  for (let i = 0; i < Math.min(VIEWS, cap / 10); i++) {
    const begin = performance.now()
    pages.push(await visitor.open('/', popular))
    times.push(performance.now() - begin)
  }
  const [first] = pages
  const shown = first.split('data-message-id').length - 1
  const more = Number(/(\d+) more wait/.exec(first)?.[1])
  const dropped = Number(
    (/([\d,]+) older messages were dropped unread/.exec(first)?.[1] ?? '0').replaceAll(',', ''),
  )
  const slowest = Math.max(...times)
  console.log(`with a cap of ${cap}:`)
  judge(
    'a page in under 100 ms, the slowest',
    `${slowest.toFixed(1)} ms (median ${median(times).toFixed(1)} ms, ${times.length} pages)`,
    slowest < 100,
  )
  judge('it shows 10', String(shown), shown === 10)
  judge('it says how many more wait', String(more), more === cap - 10)
  judge('it says how many were dropped', String(dropped), dropped === POSTED - cap)
  visitor.leave()
  web.child.disconnect()
}
await close()

async function startWeb(cap) {
  const env = {
    ...process.env,
    REDIS_URL: url,
    CAP: String(cap),
    PREFIX: `{cap-${cap}}`,
    NODE_ENV: 'production',
  }
  const child = fork(new URL('page-view/web.mjs', import.meta.url), ['plugin'], { env })
  const [{ port }] = await once(child, 'message')
  return { child, port }
}
