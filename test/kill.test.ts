import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, openRedis } from '@tidings/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { start, startWeb, startWorker, type TidingsProcess } from './process.ts'
import { textOf, Visitor } from './visitor.ts'

/** A killed worker delays an outcome by this much at most (promise P3), ms. */
const P3 = 30_000

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidings-kill-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const WORKER = ['apps/worker/dist/cli.js', 'worker']

const started = ({ msg }: { msg: string }) => msg === 'job started'

/** Opens the front page until it says something of the job; gives all that was said, and what the inbox holds of it. */
async function waitForOutcome(visitor: Visitor, label: string, timeout: number) {
  const shown: string[] = []
  await expect
    .poll(async () => shown.push(...(await visitor.get('/')).messages.filter(text => text.includes(label))), {
      timeout,
      interval: 200,
    })
    .toBeGreaterThan(0)
  shown.push(...(await visitor.get('/')).messages.filter(text => text.includes(label)))
  const kept = textOf((await visitor.get('/inbox')).body).split(label).length - 1
  return { shown, kept }
}

async function demo(visitor: Visitor, label: string, outcome: string, seconds: number): Promise<void> {
  const { status } = await visitor.submit('/jobs', '/jobs/demo', { label, outcome, seconds: String(seconds) })
  expect(status).toBe(303)
}

describe('exactly one outcome', () => {
  it('when a worker is killed in the middle of a job, within 30 s', { timeout: 60_000 }, async () => {
    const web = await startWeb({ DATA_DIR: dataDir })
    const first = await startWorker({ DATA_DIR: dataDir })
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await demo(alice, 'interrupted', 'succeed', 2)
    await first.logged(started)
    const [, second] = await Promise.all([first.end('SIGKILL'), startWorker({ DATA_DIR: dataDir })])
    const killed = Date.now()

    const { shown, kept } = await waitForOutcome(alice, 'interrupted', P3)
    expect(shown).toEqual([expect.stringMatching(/^success: /)])
    expect(kept).toBe(1)
    expect(Date.now() - killed).toBeLessThan(P3)
    expect(second.log.filter(started)).toHaveLength(1)
    await Promise.all([web.end('SIGTERM'), second.end('SIGTERM')])
  })

  it('when web, worker and Redis are all killed in the middle of a job and started again', {
    timeout: 60_000,
  }, async () => {
    const env = { DATA_DIR: dataDir }
    const [web, worker] = [await startWeb(env), await startWorker(env)]
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await demo(alice, 'power cut', 'succeed', 2)
    await worker.logged(started)
    const redis = await redisPid(dataDir)
    process.kill(redis, 'SIGKILL')
    await Promise.all([web.end('SIGKILL'), worker.end('SIGKILL')])

    const [webAgain, workerAgain] = [await startWeb(env), await startWorker(env)]
    // The session was acknowledged, so it is still there; the port is another one.
    const again = await Visitor.loggedIn(webAgain.address, 'alice')
    const { shown, kept } = await waitForOutcome(again, 'power cut', P3)
    expect(shown).toEqual([expect.stringMatching(/^success: /)])
    expect(kept).toBe(1)
    await Promise.all([webAgain.end('SIGTERM'), workerAgain.end('SIGTERM')])
  })

  it('when a job kills its worker each time', { timeout: 150_000 }, async () => {
    const env = { DATA_DIR: dataDir }
    const web = await startWeb(env)
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await demo(alice, 'poison', 'crash', 0)
    await demo(alice, 'neighbour', 'succeed', 0)
    let kills = 0
    let worker = start(WORKER, env)
    while ((await hasOutcome(worker)) === 'killed') {
      kills++
      worker = start(WORKER, env)
    }
    expect(kills).toBe(4)
    const { shown, kept } = await waitForOutcome(alice, 'poison', P3)
    expect(shown).toEqual([expect.stringMatching(/^error: /)])
    expect(kept).toBe(1)
    // A job that only shared a worker with it is not failed for it.
    const inbox = (await alice.get('/inbox')).body.match(/<li[^>]*data-message-id[\s\S]*?<\/li>/g) ?? []
    expect(
      inbox
        .filter(message => message.includes('neighbour'))
        .map(message => /class="[^"]*success/.test(message)),
    ).toEqual([true])
    await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
  })
})

/** Whether the worker told of a failed job, or was killed by one. */
async function hasOutcome(worker: TidingsProcess): Promise<'told' | 'killed'> {
  return worker
    .logged(({ msg }) => msg === 'job ended: failure')
    .then(
      () => 'told',
      () => 'killed',
    )
}

async function redisPid(dataDir: string): Promise<number> {
  const handle = await openRedis({ dataDir, log: createLogger({ name: 'test', level: 'silent' }) })
  const redis = await handle.connect('web')
  const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1])
  await handle.close()
  return pid
}
