// Two thousand open streams on one web process of the site: how long from a job's end until its text is in its owner's stream.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { blogJobs, createBlog } from '@tidings/blog'
import { createJobs } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { judge } from './tools/ratio.mjs'
import { startRedis } from './tools/redis.mjs'

const STREAMS = 2000
const JOBS = 1000
const EVERY = 20 // ms
const PASSWORD = 'a password of the bench'

const { redis, url, close } = await startRedis()
const env = { ...process.env, REDIS_URL: url, DEMO: '1' }
const web = fork(new URL('streams/web.mjs', import.meta.url).pathname, { env })
const [{ port }] = await once(web, 'message')
const worker = fork('apps/worker/dist/cli.js', ['worker', '--concurrency', '10'], { env, stdio: 'ignore' })

const blog = createBlog({ redis, passwordCost: 2 ** 10 })
const definitions = blogJobs(blog, { demo: true })
const jobs = createJobs({
  redis,
  store: new RedisMessageStore({ redis }),
  definitions: Object.values(definitions),
})
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

/** When the text of a job, by its label, was in its owner's stream. */
const arrived = new Map()
const people = await inTurns(STREAMS, 20, async i => {
  const user = await blog.users.create({ username: `user-${i}`, password: PASSWORD })
  return { id: user.id, cookie: await logIn(user.username) }
})
const streams = await inTurns(STREAMS, 20, i => openStream(people[i].cookie))
console.log(`streams open: ${streams.length}`)

const silent = []
for (let i = 0; i < 300; i++) {
  silent.push(await timed(() => send('/healthz')))
  await pause(5)
}
const before = await usage()
const began = performance.now()
const started = []
for (let i = 0; i < JOBS; i++) {
  const owner = people[(i * 7) % STREAMS].id
  const { id } = await jobs.enqueue(
    definitions.demo,
    { label: `job-${i}-`, outcome: 'succeed', seconds: 0 },
    { owner },
  )
  started.push({ id, owner, label: `job-${i}-` })
  await pause(EVERY)
}
for (const end = Date.now() + 30_000; arrived.size < JOBS && Date.now() < end; ) await pause(50)
const spent = performance.now() - began
const after = await usage()

const delays = []
for (const { id, owner, label } of started) {
  const job = await jobs.find(id, { owner })
  if (arrived.has(label)) delays.push(arrived.get(label) - job.finishedAt.getTime())
}
const roundTrip = percentile(silent, 0.99)
const late = percentile(delays, 0.99)
console.log(`       a silent server's round trip at p99: ${roundTrip.toFixed(1)} ms`)
console.log(`       from the end to the text: median ${percentile(delays, 0.5)} ms, p99 ${late} ms`)
const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000 / spent
console.log(
  `       the web process: ${Math.round(100 * cpu)} % of a core, ${Math.round(after.rss / 2 ** 20)} MB`,
)
judge('texts that came, of all jobs', `${delays.length} of ${JOBS}`, delays.length === JOBS)
judge(
  'p99 above a silent server’s round trip, at most 100 ms',
  `${(late - roundTrip).toFixed(0)} ms`,
  late - roundTrip <= 100,
)

for (const stream of streams) stream.destroy()
agent.destroy()
worker.kill()
web.disconnect()
await jobs.close()
await close()
process.exit()

/** Runs `step` for 0 to `count` - 1, some at a time, in order. */
async function inTurns(count, atOnce, step) {
  const results = []
  for (let i = 0; i < count; i += atOnce)
    results.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(atOnce, count - i) }, (_, offset) => step(i + offset)),
      )),
    )
  return results
}

/** Asks the site for something, and gives status, cookies and text. */
function send(path, { cookie = '', form } = {}) {
  const body = form && new URLSearchParams(form).toString()
  return new Promise((resolve, reject) => {
    const headers = {
      cookie,
      ...(body && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
        'sec-fetch-site': 'same-origin',
      }),
    }
    const sent = request({ port, path, agent, headers, method: body ? 'POST' : 'GET' }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      response.on('end', () => {
        const cookies = (response.headers['set-cookie'] ?? []).map(line => line.split(';')[0])
        resolve({ status: response.statusCode, cookie: cookies.join('; '), text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function logIn(username) {
  const page = await send('/login')
  const token = /name="_csrf" value="([^"]*)"/.exec(page.text)?.[1]
  const { status, cookie } = await send('/login', {
    cookie: page.cookie,
    form: { _csrf: token, username, password: PASSWORD },
  })
  if (status !== 303) throw new Error(`${username} could not log in: ${status}`)
  return cookie
}

/** Opens a user's stream; notes when the text of a job comes. */
function openStream(cookie) {
  return new Promise((resolve, reject) => {
    const headers = { cookie, accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' }
    const sent = request({ port, path: '/messages/stream', headers, agent: false }, response => {
      if (response.statusCode !== 200) return reject(new Error(`no stream: ${response.statusCode}`))
      response.setEncoding('utf8').on('data', text => {
        for (const [label] of text.matchAll(/job-\d+-/g))
          if (!arrived.has(label)) arrived.set(label, Date.now())
      })
      response.on('error', () => {})
      resolve(sent)
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function usage() {
  web.send('usage')
  const [answer] = await once(web, 'message')
  return answer
}

async function timed(ask) {
  const begin = performance.now()
  await ask()
  return performance.now() - begin
}

function percentile(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}
