import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

/** A project of somebody else, with our packages as npm packs them and everything else as it is installed here. */
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidings-packed-'))
  const modules = join(scratch, 'node_modules')
  await mkdir(join(modules, '@tidings'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@tidings' && name !== 'vitest' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of ['messages', 'jobs']) {
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--pack-destination', scratch, `--workspace=packages/${name}`],
      { cwd: root },
    )
    const [{ filename }] = JSON.parse(stdout)
    await mkdir(join(modules, '@tidings', name))
    await run('tar', [
      '-xzf',
      join(scratch, filename),
      '-C',
      join(modules, '@tidings', name),
      '--strip-components=1',
    ])
  }
  await writeFile(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const ENTRIES = [
  '@tidings/messages',
  '@tidings/messages/fastify',
  '@tidings/jobs',
  '@tidings/jobs/testing',
  '@tidings/messages/testing',
]

/** The environment of a program that no test runner has started. */
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST|TEST$|NODE_ENV$)/.test(name)),
)
const runNode = (...args: string[]) => run(process.execPath, args, { cwd: scratch, env: plain })

/** What somebody's test of a store looks like; its last test fails. */
const TEST = `import { MemoryMessageStore, info } from '@tidings/messages'
import { assertMessages, testMessageStore } from '@tidings/messages/testing'
import { test } from 'RUNNER'
let now = Date.now()
testMessageStore('memory', ({ cap, ttl, lease }) => ({
  store: new MemoryMessageStore({ cap, ttl, browserTtl: ttl, lease, now: () => now }),
  advance: ms => { now += ms },
}))
test('differs', () => assertMessages([info('one')], [info('two')]))
`

describe('the packed libraries', () => {
  it.each(['messages', 'jobs'])('@tidings/%s has nothing that publint finds fault with', async name => {
    const pkgDir = join(scratch, 'node_modules', '@tidings', name)
    const { messages, pkg } = await publint({ pkgDir, pack: false })
    expect(messages.map(message => formatMessage(message, pkg ?? {}))).toEqual([])
  })

  it.each(['messages', 'jobs'])(
    '@tidings/%s holds its README, its licence, its scripts and no test',
    async name => {
      const files = await readdir(join(scratch, 'node_modules', '@tidings', name))
      expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'lua', 'package.json']))
      expect(files).not.toContain('test')
    },
  )

  it('@tidings/messages holds the script for pages, which is a module that parses', async () => {
    const code = "console.log(import.meta.resolve('@tidings/messages/live.js'))"
    const { stdout } = await runNode('--input-type=module', '--eval', code)
    const script = fileURLToPath(stdout.trim())
    expect(script).toBe(join(scratch, 'node_modules/@tidings/messages/client/live.js'))
    await runNode('--check', script)
    expect(await readFile(script, 'utf8')).toContain('export function startLiveMessages')
  })

  it('can be imported by plain node', async () => {
    const code = `${ENTRIES.map((entry, i) => `import * as e${i} from '${entry}'`).join('\n')}
console.log(JSON.stringify([e0.LEVELS.ERROR, typeof e0.RedisMessageStore, typeof e1.fastifyMessages, typeof e1.liveMessages, typeof e2.defineJob, typeof e3.performJob, typeof e4.assertMessages, typeof e4.messagesIn, typeof e3.createMemoryJobs, typeof e2.createJobs, typeof e2.KeyReusedError]))`
    await writeFile(join(scratch, 'import.js'), code)
    const { stdout } = await runNode('import.js')
    expect(JSON.parse(stdout)).toEqual([40, ...Array(10).fill('function')])
  })

  it('test a store under node:test, and compare messages, where vitest is not installed', async () => {
    await writeFile(join(scratch, 'store.test.js'), TEST.replace('RUNNER', 'node:test'))
    const { stdout, code: status } = await runNode('--test', '--test-reporter=tap', 'store.test.js').catch(
      error => error,
    )
    const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1])
    expect(count('pass')).toBeGreaterThan(100)
    expect([count('fail'), status]).toEqual([1, 1])
    expect(stdout).toMatch(/not ok \d+ - differs/)
    expect(stdout).toContain('Missing:')
  })

  it('test a store under vitest', async () => {
    const folder = join(scratch, 'with-vitest')
    await mkdir(join(folder, 'node_modules'), { recursive: true })
    await symlink(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'))
    await cp(join(scratch, 'node_modules/@tidings'), join(folder, 'node_modules/@tidings'), {
      recursive: true,
    })
    await writeFile(join(folder, 'store.test.js'), TEST.replace('RUNNER', 'vitest'))
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await runNode(vitest, 'run', '--root', folder, '--reporter=json').catch(error => error)
    const { numPassedTests, numFailedTests } = JSON.parse(stdout)
    expect(numPassedTests).toBeGreaterThan(100)
    expect(numFailedTests).toBe(1)
  })

  it('bring their types, which hold good and refuse what is wrong', async () => {
    const code = `import { type Cancellation, createJobs, defineJob, type EnqueueOptions, InvalidInputError, JobFailure, type JobsEvent, type JobsOptions, type JobStats, JobStopped, type JobView, type JobWorker, KeyReusedError, type Log, partial, type Processor, type Schedule, type SweepReport, TooManyJobsError, UnwrappableError } from '@tidings/jobs'
import { createMemoryJobs, performJob } from '@tidings/jobs/testing'
import { error, MemoryMessageStore, type NewMessage, RedisMessageStore } from '@tidings/messages'
import { fastifyMessages, liveMessages, type LiveMessagesOptions, readerMark } from '@tidings/messages/fastify'
import { assertMessages, messagesIn, testMessageStore } from '@tidings/messages/testing'
import fastify from 'fastify'
import { Cluster, Redis } from 'ioredis'
import { z } from 'zod'

const redis = new Redis()
const store = new RedisMessageStore({ redis, cap: 50 })
const app = fastify()
await app.register(fastifyMessages, { store, owner: () => 'alice' })
app.get('/', async request => request.messages.success('Done.'))
export const message: NewMessage = error('x', { link: { href: '/x', text: 'x' } })
// @ts-expect-error: there is no such option
new RedisMessageStore({ redis, capp: 50 })
const live: LiveMessagesOptions = { store, owner: async () => ({ id: 'alice', since: new Date() }), streamsPerUser: 2 }
await app.register(liveMessages, live)
export const mark: string = readerMark('alice')
// @ts-expect-error: no store
await app.register(liveMessages, { owner: () => 'alice' })
app.post('/posts', { config: { successMessage: '%(title)s was saved.' } }, async () => 'saved')
// @ts-expect-error: no text
app.post('/pages', { config: { successMessage: 7 } }, async () => 'saved')
testMessageStore('mine', ({ cap, ttl, lease }) => ({ store: new RedisMessageStore({ redis, cap, ttl, lease }), close: () => redis.flushdb().then(() => undefined) }))
// @ts-expect-error: that is no store
testMessageStore('mine', () => ({ store: { post: async () => {} } }))
assertMessages(await store.inbox('alice'), [error('x', { data: { n: 1 } })], { ordered: false })
// @ts-expect-error: a message has a text
assertMessages([], [{ level: 20 }])
export const links: readonly string[] = messagesIn('<p>').flatMap(one => one.links)
const job = defineJob({ name: 'a', title: 'A', input: z.object({ n: z.number() }), run: async ({ input }) => input.n, messages: { success: ({ result }) => result.toFixed() } })
const jobs = createJobs({ redis, store, definitions: [job] })
// @ts-expect-error: n is a number
await jobs.enqueue(job, { n: 'x' }, { owner: 'alice' })
const sandboxed = defineJob({ name: 'b', input: z.object({}), sandbox: new URL('file:///b.js'), backoff: attempt => attempt, messages: { success: ({ result }: { result: number }) => result.toFixed() } })
export const processor: Processor<{ n: number }, string> = async ({ input, signal }) => \`\${input.n} \${signal.reason instanceof JobStopped && signal.reason.code}\`
export const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
export const options: JobsOptions = { redis: new Cluster([]), store: new RedisMessageStore({ redis, shards: 8 }), definitions: [job, sandboxed], log, fair: true, maxPerOwner: 10, timeout: 500, sweepEvery: 0, onEvent: (event: JobsEvent, by) => log.info({ event, by }, 'counted') }
// @ts-expect-error: either run or sandbox
defineJob({ name: 'c', input: z.object({}), messages: { success: () => 'c' } })
const enqueue: EnqueueOptions = { owner: 'alice', idempotencyKey: 'k', sameInput: 'digest', delay: 5, priority: 1 }
export const id: string = (await jobs.enqueue(job, { n: 1 }, enqueue)).id
export const batch: string[] = (await jobs.enqueueBatch(job, [{ n: 1 }], { owner: 'alice', message: { finished: '', failed: '' } })).jobs
// @ts-expect-error: n is a number
await jobs.enqueueBatch(job, [{ n: 'x' }], { owner: 'alice' })
await jobs.schedule(job, { n: 1 }, { owner: 'alice', id: 's', pattern: '0 7 * * *', timeZone: 'Asia/Tokyo' })
export const schedules: Schedule[] = await jobs.schedules({ owner: 'alice' })
export const view: JobView | undefined = await jobs.find(id, {})
export const cancelled: Cancellation = await jobs.cancel(id, { owner: 'alice' })
// @ts-expect-error: whose job?
await jobs.retry(id)
export const report: SweepReport | undefined = await jobs.sweep()
export const stats: JobStats = await jobs.stats()
export const worker: JobWorker = await jobs.work({ concurrency: 2 })
await worker.close({ force: true })
export const codes = [new TooManyJobsError(1).code, new KeyReusedError().code, new InvalidInputError('a', []).issues, UnwrappableError.name]
const memory = createMemoryJobs({ definitions: [job], store: new MemoryMessageStore() })
await memory.runAll()
const performed = await performJob(job, { n: 1 }, { attempt: 1 })
export const result: number | undefined = performed.result
export const partially = partial(1).result + (new JobFailure('No.', { retry: true }).retry ? 1 : 0)
`
    await writeFile(join(scratch, 'types.ts'), code)
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    }
    await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', scratch]).catch(error => error)
    expect(stdout).toBe('')
  })
})
