import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openScene, type Scene } from '../apps/worker/test/scene.ts'
import { tidings } from '../apps/worker/test/tidings.ts'
import { type CollectedSpan, type Collector, ERROR, KIND, openCollector } from './collector.ts'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'
import { Visitor } from './visitor.ts'

const SECRET = 'geheim-7f3a<b>'
const TRACEPARENT = `00-${'5'.repeat(32)}-${'7'.repeat(16)}-01`
const PATIENCE = { timeout: 30_000 }
const LONG = { timeout: 120_000 }

let scene: Scene
let folder: string
/** Has a process say at its end which modules of OpenTelemetry it had loaded. */
let telling: { NODE_OPTIONS: string }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-traces-'))
  scene = await openScene()
  const script = join(folder, 'loaded.cjs')
  await writeFile(
    script,
    `process.on('exit', () => {
      const files = Object.keys(require('node:module')._cache)
      console.error('loaded: ' + files.filter(file => /opentelemetry|bullmq-otel/.test(file)).length)
    })`,
  )
  telling = { NODE_OPTIONS: `--require=${script}` }
})
afterAll(async () => {
  await scene.close()
  await rm(folder, { recursive: true, force: true })
})

async function startBoth(env: Record<string, string>, ofWorker = env) {
  const all = { REDIS_URL: scene.url, DATA_DIR: folder }
  const [web, worker] = await Promise.all([
    startWeb({ ...all, ...env }),
    startWorker({ ...all, ...ofWorker }),
  ])
  return { web, worker }
}

function loadedBy(process: TidingsProcess): number {
  return Number(/^loaded: (\d+)$/m.exec(process.stderr())?.[1])
}

/** Starts a demo job, and looks at the front page until this is among its messages. */
async function seen(visitor: Visitor, fields: Record<string, string>, what: RegExp): Promise<string> {
  const all = { label: 'x', seconds: '0', ...fields }
  // On a machine that has much to do, one may be asked to press again.
  let location = ''
  await expect
    .poll(async () => {
      const answer = await visitor.submit('/jobs', '/jobs/demo', all)
      location = answer.location
      return answer.status
    }, PATIENCE)
    .toBe(303)
  await expect.poll(async () => (await visitor.get('/')).messages.join('\n'), PATIENCE).toMatch(what)
  return location.split('/').at(-1) ?? ''
}

describe('traces', () => {
  let collector: Collector
  let web: TidingsProcess & { address: string }
  let worker: TidingsProcess
  let alice: Visitor
  beforeAll(async () => {
    collector = await openCollector()
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.address, OTEL_BSP_SCHEDULE_DELAY: '100' }
    ;({ web, worker } = await startBoth(env))
    alice = await Visitor.loggedIn(web.address, 'alice')
  }, LONG.timeout)
  afterAll(async () => {
    await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
    collector.close()
  })

  /** The span that fits, when it has come. */
  async function span(fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan> {
    await expect.poll(() => collector.spans.some(fits), PATIENCE).toBe(true)
    const found = collector.spans.find(fits)
    if (!found) throw new Error('it was there a moment ago')
    return found
  }
  const ofJob = (id: string, name: string) => (span: CollectedSpan) =>
    span.name === name && span.attributes['bullmq.job.id'] === id

  it(
    'go from a request through its job to the page that showed the message, and back',
    PATIENCE,
    async () => {
      const id = await seen(alice, { outcome: 'flaky' }, /succeeded/)
      const shown = await span(ofJob(id, 'message shown'))
      const page = await span(
        ({ name, links }) => name === 'messages shown' && links[0]?.spanId === shown.spanId,
      )
      const inTrace = (name: string) =>
        collector.spans.filter(each => each.traceId === shown.traceId && each.name === name)

      const names = ['POST /jobs/:name', 'add jobs.demo', 'process jobs', 'delay jobs', 'complete jobs']
      // Each process sends its own when it likes.
      await expect.poll(() => names.map(name => inTrace(name).length), PATIENCE).toEqual([1, 1, 2, 1, 1])
      const [request] = inTrace('POST /jobs/:name')
      expect(request).toMatchObject({
        service: 'tidings-web',
        kind: KIND.server,
        attributes: { 'http.route': '/jobs/:name', 'http.response.status_code': 303 },
      })
      expect(request?.parentSpanId).toBeUndefined()
      const [added] = inTrace('add jobs.demo')
      expect(added).toMatchObject({
        service: 'tidings-web',
        kind: KIND.producer,
        parentSpanId: request?.spanId,
      })

      const attempts = inTrace('process jobs')
      const attempt = {
        service: 'tidings-worker',
        kind: KIND.consumer,
        parentSpanId: added?.spanId,
        attributes: { 'bullmq.job.id': id, 'bullmq.job.name': 'demo' },
      }
      expect(attempts).toMatchObject([
        { ...attempt, status: { code: ERROR } },
        {
          ...attempt,
          status: { code: 0 },
          attributes: { ...attempt.attributes, 'tidings.outcome': 'success' },
        },
      ])
      expect(inTrace('delay jobs')).toMatchObject([{ parentSpanId: attempts[0]?.spanId }])
      expect(inTrace('complete jobs')).toMatchObject([{ parentSpanId: attempts[1]?.spanId }])

      const opened = await span(({ spanId }) => spanId === page.parentSpanId)
      expect(opened).toMatchObject({ service: 'tidings-web', name: 'GET /', kind: KIND.server })
      expect(opened.traceId).not.toBe(shown.traceId)
      expect(shown).toMatchObject({
        service: 'tidings-web',
        parentSpanId: added?.spanId,
        links: [{ traceId: opened.traceId, spanId: opened.spanId }],
        attributes: { 'tidings.message.level': 'success' },
      })
      expect(shown.attributes['tidings.message.waited_ms']).toBeGreaterThanOrEqual(0)
      await worker.logged(
        ({ jobId, trace, msg }) => jobId === id && trace === shown.traceId && /^job ended/.test(msg),
      )
      const staff = await Visitor.loggedIn(web.address, 'staff')
      expect((await staff.get(`/admin/jobs/${id}`)).body).toContain(shown.traceId)
      expect((await alice.get(`/jobs/${id}`)).body).not.toContain(shown.traceId)
      const { out } = await tidings(['jobs', 'show', id], { REDIS_URL: scene.url })
      expect(out).toMatch(new RegExp(`^trace +${shown.traceId}$`, 'm'))
      expect(page).toMatchObject({ traceId: opened.traceId, links: [{ traceId: shown.traceId }] })
    },
  )

  it('know of a message that came to an open page, once', LONG, async () => {
    const stop = new AbortController()
    const stream = (await alice.open('/messages/stream', stop.signal)).body?.getReader()
    const { hidden } = await alice.form('/jobs', '/jobs/demo')
    const fields = { label: 'x', outcome: 'partial', seconds: '0', ...hidden }
    const id = (await alice.post('/jobs/demo', fields)).location.split('/').at(-1) ?? ''
    const decoder = new TextDecoder()
    const told = /in part[^\n]*"id":"([^"]+)"/
    let sent = ''
    while (!told.test(sent)) {
      const { value, done } = (await stream?.read()) ?? { done: true }
      if (done) throw new Error(`the stream ended: ${sent}`)
      sent += decoder.decode(value, { stream: true })
    }
    stop.abort()
    const message = told.exec(sent)?.[1] ?? ''
    const body = { ids: [message], _csrf: hidden._csrf }
    for (const _ of [1, 2]) expect((await alice.postJson('/messages/confirm', body)).status).toBe(204)
    const shown = await span(ofJob(id, 'message shown'))
    const page = await span(({ links }) => links[0]?.spanId === shown.spanId)
    expect(await span(({ spanId }) => spanId === page.parentSpanId)).toMatchObject({
      name: 'POST /messages/confirm',
    })
    // What came after it is there, so a second one would be, too.
    const later = await seen(alice, { outcome: 'succeed' }, /succeeded/)
    await span(ofJob(later, 'message shown'))
    expect(collector.spans.filter(ofJob(id, 'message shown'))).toHaveLength(1)
  })

  it('say nothing of what people wrote, who they are, or what is secret', LONG, async () => {
    const id = await seen(alice, { label: SECRET, outcome: 'fail' }, /geheim-7f3a.*failed/)
    expect(await span(ofJob(id, 'process jobs'))).toMatchObject({
      status: { code: ERROR },
      attributes: { 'tidings.outcome': 'failure' },
    })
    await alice.get(`/?q=${encodeURIComponent(SECRET)}`)
    await alice.get(`/nothing/${encodeURIComponent(SECRET)}`)
    await span(({ name, attributes }) => name === 'GET' && attributes['http.response.status_code'] === 404)
    await span(ofJob(id, 'message shown'))
    const all = collector.bodies.join('\n')
    const session = alice.cookie.split('=').at(-1)?.slice(0, 20) ?? ''
    expect(session.length).toBe(20)
    for (const word of ['geheim', 'alice', 'tidings-demo', 'told to fail', session, hostOf(web.address)])
      expect(all).not.toContain(word)
    const known = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)))
    expect([...known].filter(name => !/^(http|bullmq|tidings)\./.test(name))).toEqual([])
  })

  it(
    'have no span for what goes on without anybody: checks, stylesheets, streams, renewed locks',
    async () => {
      await alice.get('/healthz')
      await alice.get('/style.css')
      await alice.get('/inbox', { traceparent: TRACEPARENT })
      const id = await seen(alice, { outcome: 'succeed' }, /succeeded/)
      await span(ofJob(id, 'message shown'))
      const names = [...new Set(collector.spans.map(({ name }) => name))]
      expect(names).toContain('GET /inbox')
      // Nor is one of a trace that anybody on the internet has named.
      expect(collector.spans.filter(({ traceId }) => TRACEPARENT.includes(traceId))).toEqual([])
      expect(names.filter(name => /health|css|stream|Lock|getNext|talled|close/.test(name))).toEqual([])
    },
    LONG.timeout,
  )
})

describe('what traces cost others', () => {
  it(
    'is nothing where nobody asked for them: no module of OpenTelemetry is loaded, no job carries more',
    async () => {
      const { web, worker } = await startBoth({ ...telling, OTEL_SERVICE_NAME: 'x' })
      const alice = await Visitor.loggedIn(web.address, 'alice')
      const id = await seen(alice, { outcome: 'succeed' }, /succeeded/)
      expect(await scene.jobs.find(id, {})).not.toHaveProperty('telemetry')
      await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
      expect([loadedBy(web), loadedBy(worker)]).toEqual([0, 0])
    },
    LONG.timeout,
  )

  it(
    'is nothing where the collector hangs or is away: pages and jobs go on, and both end in order',
    async () => {
      const hanging = await openCollector({ hangs: true })
      onTestFinished(() => hanging.close())
      const env = { ...telling, OTEL_BSP_SCHEDULE_DELAY: '50' }
      const { web, worker } = await startBoth(
        { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: hanging.address, OTEL_EXPORTER_OTLP_TIMEOUT: '60000' },
        { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
      )
      const alice = await Visitor.loggedIn(web.address, 'alice')
      await seen(alice, { outcome: 'succeed' }, /succeeded/)
      await expect.poll(() => hanging.requests, PATIENCE).toBeGreaterThan(0)
      const began = Date.now()
      const ended = await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
      expect(ended).toEqual([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ])
      // Two seconds for the collector; the rest is patience with a slow machine.
      expect(Date.now() - began).toBeLessThan(20_000)
      expect(loadedBy(web)).toBeGreaterThan(10)
      expect(loadedBy(worker)).toBeGreaterThan(10)
    },
    LONG.timeout,
  )

  it(
    'is what the standard variables say: without sampling only a proxy’s own trace is followed',
    async () => {
      const collector = await openCollector()
      onTestFinished(() => collector.close())
      const { web, worker } = await startBoth({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.address,
        OTEL_TRACES_SAMPLER: 'parentbased_always_off',
        TRUST_PROXY: '1',
      })
      const alice = await Visitor.loggedIn(web.address, 'alice')
      await seen(alice, { outcome: 'succeed' }, /succeeded/)
      await alice.get('/inbox', { traceparent: TRACEPARENT })
      await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
      expect(collector.spans).toMatchObject([{ name: 'GET /inbox', parentSpanId: TRACEPARENT.split('-')[2] }])
    },
    LONG.timeout,
  )
})

function hostOf(address: string): string {
  return new URL(address).host
}
