import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LogLine, start, startWorker } from '../../../test/process.ts'
import { plainOptions, serverDirectory, startRedisServer } from '../../../test/redis-server.ts'
import { openScene, type Scene } from './scene.ts'

const CLI = 'apps/worker/dist/cli.js'

let scene: Scene
let dataDir: string
beforeAll(async () => {
  scene = await openScene()
  dataDir = scene.dataDir
})
afterAll(() => scene.close())

const demo = (seconds: number) => scene.demo({ seconds })
const PATIENCE = { timeout: 30_000 }

const about = (id: string, text: RegExp) => (line: LogLine) => line.jobId === id && text.test(line.msg)

describe('tidings worker', () => {
  it('says what it is: version, queue, concurrency, and which Redis', async () => {
    const worker = await startWorker({ DATA_DIR: dataDir }, '--concurrency', '7')
    expect(worker.log.find(({ ready }) => ready)).toMatchObject({
      msg: expect.stringMatching(/^Tidings worker \d+\.\d+\.\d+/),
      queue: 'jobs',
      concurrency: 7,
      redis: expect.stringContaining(dataDir),
    })
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })

  it('logs one line when a job starts and one when it ends', async () => {
    const worker = await startWorker({ DATA_DIR: dataDir })
    const { id } = await demo(0)
    await worker.logged(about(id, /^job ended: success/))
    expect(worker.log.filter(({ jobId }) => jobId === id).map(({ msg, job }) => [job, msg])).toEqual([
      ['demo', 'job started'],
      ['demo', 'job ended: success'],
    ])
    await worker.end('SIGTERM')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'finishes what runs after a %s, leaves to others what comes then, and exits with 0',
    async signal => {
      const worker = await startWorker({ DATA_DIR: dataDir })
      const running = await demo(1)
      await worker.logged(about(running.id, /started/))
      const ended = worker.end(signal)
      await worker.logged(({ msg }) => /1 running job is finished first/.test(msg))
      const later = await demo(0)
      expect(await ended).toEqual({ code: 0, signal: null })
      expect((await running.find())?.state).toBe('completed')
      // BullMQ may have been asking for it at that very moment: then it was run to its end as well.
      const next = await startWorker({ DATA_DIR: dataDir })
      await expect.poll(async () => (await later.find())?.state, PATIENCE).toBe('completed')
      await next.end('SIGTERM')
    },
  )

  it('leaves with 0 where Redis is away and nothing is left to be finished', {
    timeout: 90_000,
  }, async () => {
    const directory = await serverDirectory()
    const server = await startRedisServer(directory.path, plainOptions)
    const worker = await startWorker({ REDIS_URL: `redis://127.0.0.1:${server.port}` })
    await server.kill()
    await worker.logged(({ msg }) => /lost/.test(msg))
    // BullMQ may notice by itself, according to what it was waiting for; else it is left behind before the grace is over.
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await directory.remove()
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'leaves at once after a second %s, with exit code %i, and another worker runs the job',
    { timeout: 90_000 },
    async (signal, code) => {
      const worker = await startWorker({ DATA_DIR: dataDir })
      const { id, find } = await demo(2)
      await worker.logged(about(id, /started/))
      const ended = worker.end(signal)
      await worker.logged(({ msg }) => /once more to leave at once/.test(msg))
      // A terminal sends the first one twice: what follows within half a second is the same Ctrl-C.
      worker.child.kill(signal)
      const [first = { time: 0 }] = worker.log.filter(({ msg }) => /once more/.test(msg))
      await expect.poll(() => Date.now() - Number(first.time), PATIENCE).toBeGreaterThan(600)
      expect(worker.child.exitCode).toBe(null)
      worker.child.kill(signal)
      expect(await ended).toEqual({ code, signal: null })
      expect(await find()).toMatchObject({ state: 'waiting', attempt: 0 })
      const next = await startWorker({ DATA_DIR: dataDir })
      await next.logged(about(id, /ended: success/))
      await next.end('SIGTERM')
    },
  )
})

describe('mistakes', () => {
  it.each([
    ['an unknown command', ['wroker'], {}, 2, /unknown command 'wroker'[\s\S]*Did you mean worker\?/],
    [
      'an unknown flag',
      ['worker', '--concurency', '3'],
      {},
      2,
      /unknown option '--concurency'[\s\S]*Did you mean --concurrency\?/,
    ],
    ['a number that is none', ['worker', '-c', 'many'], {}, 2, /Expected a whole number from 1 to 1000/],
    [
      'a fault in the configuration',
      ['worker'],
      { LOG_LEVEL: 'loud', REDIS_URL: 'http://x' },
      78,
      /REDIS_URL: [\s\S]*LOG_LEVEL: /,
    ],
    ['production without a Redis', ['worker'], { NODE_ENV: 'production', DEMO: '' }, 78, /REDIS_URL/],
  ])('%s: one plain answer, no stack, and its exit code', async (_, args, env, code, words) => {
    const cli = start([CLI, ...args], { DATA_DIR: dataDir, ...env } as Record<string, string>)
    const ended = await cli.ended
    expect(ended.code).toBe(code)
    expect(cli.stderr()).toMatch(words)
    expect(cli.stderr()).not.toMatch(/^\s+at |geheim/m)
  })

  it('--version and --help exit with 0', async () => {
    const [version, help] = [start([CLI, '--version'], {}), start([CLI, '--help'], {})]
    expect([(await version.ended).code, (await help.ended).code]).toEqual([0, 0])
    expect(version.log[0]?.msg).toMatch(/^\d+\.\d+\.\d+$/)
    expect(help.log.map(({ msg }) => msg).join('\n')).toMatch(/worker/)
  })
})
