import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWeb } from '../process.ts'
import { Visitor } from '../visitor.ts'
import {
  demoForm,
  expectDelayed,
  ONCE,
  openScene,
  pressUntilStarted,
  type Scene,
  told,
  WORKER_LIMIT,
} from './scene.ts'
import { smallDisk } from './small-disk.ts'

describe('a Redis', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openScene()
  })
  afterAll(() => scene.close())

  it('that is killed and started again loses no job, no message and no session', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice } = scene
    await pressUntilStarted(await demoForm(alice, 'over a restart', { seconds: '1' }))
    const press = await demoForm(alice, 'while it was down')
    await scene.restart(async () => {
      await expectDelayed(alice)
      expect((await press()).status).toBe(503)
    })
    const first = await pressUntilStarted(press)
    expect(await pressUntilStarted(press)).toBe(first)
    expect(await told(alice, 'over a restart', 'while it was down')).toEqual([ONCE, ONCE])
  })

  it('whose memory is full refuses new jobs in words, and tells of those that run when it has room again', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, server } = scene
    await pressUntilStarted(await demoForm(alice, 'at the cap', { seconds: '1' }))
    const press = await demoForm(alice, 'beyond the cap')
    await server.redis.config('SET', 'maxmemory', '1')
    try {
      const { status } = await press()
      expect(status).toBe(503)
      // A page is a page of ours, with its messages or without.
      expect([200, 503]).toContain((await alice.get('/')).status)
      await scene.worker.logged(({ msg, err }) => /OOM|memory/i.test(`${msg} ${JSON.stringify(err ?? '')}`))
    } finally {
      await server.redis.config('SET', 'maxmemory', '0')
    }
    await pressUntilStarted(press)
    expect(await told(alice, 'at the cap', 'beyond the cap')).toEqual([ONCE, ONCE])
  })

  it('that becomes a replica, read-only, delays what it is asked, until it is a master again', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, server } = scene
    await pressUntilStarted(await demoForm(alice, 'begun before', { seconds: '1' }))
    const press = await demoForm(alice, 'read-only')
    await server.redis.config('SET', 'replica-serve-stale-data', 'yes')
    await server.redis.call('REPLICAOF', '127.0.0.1', '1')
    try {
      expect((await press()).status).toBe(503)
      expect([200, 503]).toContain((await alice.get('/')).status)
    } finally {
      await server.redis.call('REPLICAOF', 'NO', 'ONE')
    }
    await pressUntilStarted(press)
    expect(await told(alice, 'begun before', 'read-only')).toEqual([ONCE, ONCE])
  })

  it('whose password was changed delays what it is asked, until it knows the old one again', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, server } = scene
    await pressUntilStarted(await demoForm(alice, 'with the old one', { seconds: '1' }))
    const press = await demoForm(alice, 'another password')
    await server.redis.call('ACL', 'SETUSER', 'tests', 'on', 'nopass', '~*', '&*', '+@all')
    const tests = server.redis.duplicate({ username: 'tests', password: 'x' })
    await server.redis.config('SET', 'requirepass', 'another')
    await tests.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    try {
      await expectDelayed(alice)
      expect((await press()).status).toBe(503)
    } finally {
      await tests.config('SET', 'requirepass', '')
      tests.disconnect()
    }
    await pressUntilStarted(press)
    expect(await told(alice, 'with the old one', 'another password')).toEqual([ONCE, ONCE])
  })

  it('that was emptied by an operator leads to the login, and the worker goes on with what comes', {
    timeout: 3 * WORKER_LIMIT,
  }, async () => {
    const { alice, server, web } = scene
    await pressUntilStarted(await demoForm(alice, 'flushed', { seconds: '1' }))
    await server.redis.flushdb()
    const gone = await alice.get('/jobs')
    expect([gone.status, gone.location]).toEqual([303, '/login?next=%2Fjobs'])
    expect((await alice.get('/')).status).toBe(200)
    // The demonstration's accounts went, too; they come with the next process.
    const next = await startWeb({ REDIS_URL: scene.url })
    const again = await Visitor.loggedIn(next.address, 'alice')
    await pressUntilStarted(await demoForm(again, 'after the flush'))
    expect(await told(again, 'after the flush')).toEqual([ONCE])
    await next.end('SIGTERM')
    expect((await fetch(`${web.address}/readyz`)).status).toBe(200)
  })
})

// Only root may mount; where that isn't so, a full disk can't be had without filling a real one.
const disk = smallDisk()
describe('a Redis whose disk is full', () => {
  it.skipIf(disk === undefined)(
    disk === undefined
      ? 'can not be tried here: this user may not mount a small file system'
      : 'refuses to write, is said to be delayed, and goes on when there is room',
    { timeout: 4 * WORKER_LIMIT },
    async () => {
      if (disk === undefined) return
      const scene = await openScene([], disk.path)
      try {
        const { alice, server } = scene
        const press = await demoForm(alice, 'no room on the disk')
        await pressUntilStarted(await demoForm(alice, 'while it filled up', { seconds: '2' }))
        // Until it refuses: it writes behind, once a second.
        const fill = async () => {
          try {
            await server.redis.set('filler', 'x'.repeat(1024 * 1024))
            return 'written'
          } catch (error) {
            return String(error)
          }
        }
        await expect.poll(fill, { timeout: WORKER_LIMIT, interval: 50 }).toContain('MISCONF')
        expect((await press()).status).toBe(503)
        expect([200, 503]).toContain((await alice.get('/')).status)
        disk.grow()
        await pressUntilStarted(press)
        expect(await told(alice, 'while it filled up', 'no room on the disk')).toEqual([ONCE, ONCE])
      } finally {
        await scene.close()
        disk.remove()
      }
    },
  )
})
