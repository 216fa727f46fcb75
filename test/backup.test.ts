import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startWeb, startWorker } from './process.ts'
import { serverDirectory, startRedisServer, until } from './redis-server.ts'
import { textOf, Visitor } from './visitor.ts'

const MINUTE = 60_000

async function startJob(visitor: Visitor, label: string): Promise<void> {
  const { status } = await visitor.submit('/jobs', '/jobs/demo', { label, outcome: 'succeed', seconds: '0' })
  expect(status).toBe(303)
}

/** All that is told until each label was. */
async function told(visitor: Visitor, ...labels: string[]): Promise<string> {
  let shown = ''
  const look = async () => {
    shown += (await visitor.get('/')).messages.join('\n')
    return labels.every(label => shown.includes(label))
  }
  await expect.poll(look, { timeout: MINUTE, interval: 200 }).toBe(true)
  return shown
}

describe('what docs/operate/deploy.md says of backups', () => {
  it('a copy of a Redis by BGSAVE is restored with its accounts, messages and jobs, which are then done', {
    timeout: 3 * MINUTE,
  }, async () => {
    const directory = await serverDirectory()
    onTestFinished(directory.remove)
    const [before, after] = [join(directory.path, 'before'), join(directory.path, 'after')]
    await Promise.all([mkdir(before), mkdir(after)])
    const options = (port: number, dir: string, appendOnly: string) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
      ...['--appendonly', appendOnly, '--maxmemory-policy', 'noeviction'],
    ]
    const first = await startRedisServer(directory.path, port => options(port, before, 'yes'))
    onTestFinished(() => first.kill())
    const env = { REDIS_URL: `redis://${first.host}:${first.port}`, SESSION_SECRET: 's'.repeat(40) }
    const [web, worker] = await Promise.all([startWeb(env), startWorker(env)])
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await startJob(alice, 'told before the backup')
    await told(alice, 'told before the backup')
    await worker.end('SIGTERM')
    await startJob(alice, 'waiting at the backup')

    await first.redis.bgsave()
    await until('the dump to be written', async () => {
      const info = await first.redis.info('persistence')
      return info.includes('rdb_bgsave_in_progress:0') && info.includes('rdb_last_bgsave_status:ok')
    })
    await copyFile(join(before, 'dump.rdb'), join(after, 'dump.rdb'))
    await web.end('SIGTERM')
    await first.kill()

    const second = await startRedisServer(directory.path, port => options(port, after, 'no'))
    await second.redis.config('SET', 'appendonly', 'yes')
    await until('the append-only file to be written', async () => {
      const info = await second.redis.info('persistence')
      return info.includes('aof_rewrite_in_progress:0') && info.includes('aof_last_bgrewrite_status:ok')
    })
    await second.kill()
    // The next start reads the append-only file alone.
    const third = await startRedisServer(directory.path, port => options(port, after, 'yes'))
    onTestFinished(() => third.kill())
    const restored = { ...env, REDIS_URL: `redis://${third.host}:${third.port}` }
    const [newWeb, newWorker] = await Promise.all([startWeb(restored), startWorker(restored)])
    const again = await Visitor.loggedIn(newWeb.address, 'alice')
    expect(await told(again, 'waiting at the backup')).not.toContain('told before the backup')
    expect(textOf((await again.get('/inbox')).body)).toContain('told before the backup')
    await Promise.all([newWeb.end('SIGTERM'), newWorker.end('SIGTERM')])
  })

  it('a copy of DATA_DIR holds everything, without REDIS_URL', { timeout: 3 * MINUTE }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-backup-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const [original, copy] = [join(folder, 'data'), join(folder, 'copy')]
    const web = await startWeb({ DATA_DIR: original, REDIS_URL: '' })
    const alice = await Visitor.loggedIn(web.address, 'alice')
    await startJob(alice, 'in the folder')
    await web.end('SIGTERM')
    await cp(original, copy, { recursive: true })
    await rm(original, { recursive: true })

    const env = { DATA_DIR: copy, REDIS_URL: '' }
    const newWeb = await startWeb(env)
    const newWorker = await startWorker(env)
    const again = await Visitor.loggedIn(newWeb.address, 'alice')
    await told(again, 'in the folder')
    await Promise.all([newWeb.end('SIGTERM'), newWorker.end('SIGTERM')])
  })
})
