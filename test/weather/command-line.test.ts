import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fakeRedis } from '../fake-redis.ts'
import {
  CHANGING,
  type CommandScene,
  LOOKING,
  openCommandScene,
  runAll,
  runOne,
  type Told,
} from './command-scene.ts'
import { WORKER_LIMIT } from './scene.ts'
import { smallDisk } from './small-disk.ts'

/** A command waits 5 s for an answer; the rest is for a loaded machine, ms. How long processes take to start is measured beside it. */
const LIMIT = 5_000 + 30_000

let scene: CommandScene
let ids: { waiting: string; cancelled: string }
beforeAll(async () => {
  scene = await openCommandScene()
})
afterAll(() => scene.close())
beforeEach(async () => {
  scene.proxy.set({})
  await scene.fill()
  ids = { waiting: await scene.waiting(), cancelled: await scene.cancelled() }
})

const PATIENCE = { timeout: 4 * WORKER_LIMIT }
const ENDED = { err: expect.not.stringMatching(/^\s+at /m), ms: expect.any(Number) }
type All = Awaited<ReturnType<typeof runAll>>

/** Each of these says so, with this exit code, within its time. */
function expectEach(all: All, names: readonly (keyof All)[], code: number, err: RegExp): void {
  for (const name of names) {
    const told = all[name] as Told
    expect({ name, ...told }).toMatchObject({ ...ENDED, name, code, err: expect.stringMatching(err) })
    expect(told.ms - all.completion.ms).toBeLessThan(LIMIT)
  }
  // Needs no Redis.
  expect(all.completion).toMatchObject({ code: 0, err: '' })
}
const EVERY = [...LOOKING.filter(name => name !== 'check'), ...CHANGING]

async function onlyOne(label: RegExp): Promise<void> {
  const inbox = await scene.store.inbox(scene.ann)
  expect(inbox.filter(({ text }) => label.test(text))).toHaveLength(1)
}

describe.each([
  ['200 ms away', { latency: 100 }],
  ['behind a line of 10 kB a second', { bytesPerSecond: 10_000 }],
  ['behind a line that cuts all into pieces of 3 bytes', { slice: 3 }],
])('a Redis %s', (_, weather) => {
  it('is worked with, slower: exit code 0', PATIENCE, async () => {
    scene.proxy.set(weather)
    const all = await runAll(scene.url, ids)
    expectEach(
      all,
      [...LOOKING, ...CHANGING],
      0,
      /^(\S+ is (added|cancelled|tried again)\.\n|Sent to ann\.\n)?$/,
    )
  })
})

describe('a connection that is cut between a command and its answer', () => {
  const commands = (text: string) =>
    [
      ['jobs', 'enqueue', 'demo', '--owner', 'ann'],
      ['jobs', 'cancel', ids.waiting],
      ['jobs', 'retry', ids.cancelled],
      ['messages', 'send', text, '--to', 'ann'],
      ['users', 'add', 'cut'],
    ] as const

  it('is made again, the command sent again, and done once: exit code 0', PATIENCE, async () => {
    const { total } = await counts()
    for (const command of commands('Sent over a cut.')) {
      scene.proxy.set({ resets: 1 })
      const told = await runOne(scene.url, command, 'a long password 7\n')
      expect({ command, ...told }).toMatchObject({ ...ENDED, code: 0 })
      expect(scene.proxy.resetsLeft).toBe(0)
    }
    expect((await counts()).total).toBe(total + 1)
    expect(await scene.jobs.find(ids.waiting, {})).toMatchObject({ outcome: 'cancelled' })
    expect(await scene.jobs.find(ids.cancelled, {})).toMatchObject({ state: 'waiting' })
    await onlyOne(/over a cut/)
  })

  it('a message to everyone is written once, and taken back, over a cut', PATIENCE, async () => {
    scene.proxy.set({ resets: 1 })
    const sent = await runOne(scene.url, ['messages', 'send', 'All, over a cut.', '--all', '--yes'])
    expect(sent).toMatchObject({ code: 0, err: 'Sent to everyone.\n' })
    expect(await scene.store.broadcasts()).toHaveLength(1)
    scene.proxy.set({ resets: 1 })
    const id = sent.out.trim()
    expect(await runOne(scene.url, ['messages', 'withdraw', id])).toMatchObject({
      code: 0,
      err: `${id} is withdrawn.\n`,
    })
    expect(scene.proxy.resetsLeft).toBe(0)
    expect(await scene.store.broadcasts()).toEqual([])
  })

  it(
    'where no answer comes, says that it may have happened; done again, it happened once',
    PATIENCE,
    async () => {
      await scene.blog.users.delete((await scene.blog.users.findByName('cut'))?.id ?? '')
      const { total } = await counts()
      scene.proxy.set({ unanswered: true })
      const [enqueue, cancel, retry, send, add] = await Promise.all(
        commands('Sent without an answer.').map(command => runOne(scene.url, command, 'a long password 7\n')),
      )
      const told = { code: 75, out: '' }
      const known = expect.stringMatching(
        /It is not known what became of \S+: see tidings jobs show; asking again/,
      )
      expect(enqueue).toMatchObject({
        ...ENDED,
        ...told,
        err: expect.stringMatching(/may or may not be enqueued/),
      })
      expect([cancel, retry]).toMatchObject([1, 2].map(() => ({ ...told, err: known })))
      expect(send).toMatchObject({
        ...told,
        err: expect.stringMatching(/^[^\n]*ann may or may not have it\. [^\n]*\n$/),
      })
      expect(add).toMatchObject({
        ...told,
        err: expect.stringMatching(/cut may or may not be added\. Repeat it/),
      })

      scene.proxy.set({})
      const again = (text = '') => ['--idempotency-key', /--idempotency-key (\S+)/.exec(text)?.[1] ?? '']
      const [toEnqueue, toCancel, toRetry, toSend, toAdd] = commands('Sent without an answer.')
      const enqueued = await runOne(scene.url, [...toEnqueue, ...again(enqueue?.err)])
      expect(enqueued).toMatchObject({ code: 0, err: '' })
      expect(await scene.jobs.find(enqueued.out.trim(), {})).toMatchObject({ state: 'waiting' })
      expect(await runOne(scene.url, toCancel)).toMatchObject({
        code: 0,
        err: expect.stringMatching(/is cancelled/),
      })
      expect(await runOne(scene.url, toRetry)).toMatchObject({
        err: expect.stringMatching(/it is waiting|tried again/),
      })
      expect(await runOne(scene.url, [...toSend, ...again(send?.err)])).toMatchObject({ code: 0 })
      expect(await runOne(scene.url, toAdd, 'a long password 7\n')).toMatchObject({
        err: expect.stringMatching(/taken|is added/),
      })
      expect((await counts()).total).toBe(total + 1)
      await onlyOne(/without an answer/)
      expect(await scene.blog.users.authenticate('cut', 'a long password 7')).toBeDefined()
    },
  )

  it('says which it has not tried any more', PATIENCE, async () => {
    scene.proxy.set({ unanswered: true })
    const told = await runOne(scene.url, ['jobs', 'cancel', ids.waiting, 'second', 'third'])
    expect(told).toMatchObject({
      code: 75,
      err: expect.stringMatching(/^Not tried: second, third\.\n[^\n]+\n$/),
    })
  })

  async function counts(): Promise<{ total: number }> {
    const { waiting, delayed, running, completed, failed } = await scene.jobs.stats()
    return { total: waiting + delayed + running + completed + failed }
  }
})

describe('a Redis that does not answer', () => {
  it.each([
    [
      'it hangs',
      async () => {
        const pid = Number(/process_id:(\d+)/.exec(await scene.server.redis.info('server'))?.[1])
        process.kill(pid, 'SIGSTOP')
        return () => process.kill(pid, 'SIGCONT')
      },
    ],
    [
      'the way to it is a black hole',
      async () => {
        scene.proxy.set({ blackHole: true })
        return () => scene.proxy.set({})
      },
    ],
  ])('is told within 5 s, where %s: exit code 75', PATIENCE, async (_, begin) => {
    const end = await begin()
    try {
      const all = await runAll(scene.url, ids)
      expectEach(all, EVERY, 75, /^Redis at \S+ does not answer \(no answer\)\. [^\n]+\n$/)
      expectEach(all, ['check'], 75, /^$/)
      expect(all.check.out).toMatch(/^fault {4}redis .*does not answer.*\n {22}Start it, or correct/)
    } finally {
      end()
    }
  })

  it('that hangs in the middle of a check ends it: exit code 75', PATIENCE, async () => {
    scene.proxy.set({ unanswered: true })
    const [told, { ms }] = await Promise.all([
      runOne(scene.url, ['check']),
      runOne(scene.url, ['completion', 'bash']),
    ])
    expect(told).toMatchObject({ code: 75, err: '' })
    expect(told.out).toMatch(/\nfault {4}\w+ .*does not answer.*\n {22}Try again later\.\n$/)
    expect(told.ms - ms).toBeLessThan(LIMIT)
  })
})

describe('a Redis that refuses', () => {
  it('as its memory is full: what looks works, what is new is refused for now, 75', PATIENCE, async () => {
    await scene.server.redis.config('SET', 'maxmemory', '1')
    const all = await runAll(scene.url, ids).finally(() => scene.server.redis.config('SET', 'maxmemory', '0'))
    expectEach(all, ['stats', 'list'], 0, /^$/)
    expectEach(
      all,
      ['enqueue', 'send', 'add'],
      75,
      /^The memory of Redis is full, [^\n]+see: tidings check\n$/,
    )
    // These make no new data.
    expectEach(all, ['cancel', 'retry'], 0, /^\S+ is (cancelled|tried again)\.\n$/)
    expectEach(all, ['check'], 75, /^$/)
    expect(all.check.out).toMatch(/^fault {4}memory .*its limit is reached; .*\n {22}Raise maxmemory/m)
  })

  it.each([
    [
      'throws data away',
      ['maxmemory-policy', 'allkeys-lru'],
      ['maxmemory-policy', 'noeviction'],
      /throws away data .*noeviction/,
    ],
  ] as const)(
    'as it %s: what looks works, what changes something is refused, 78',
    PATIENCE,
    async (_, on, off, words) => {
      await scene.server.redis.config('SET', ...on)
      const all = await runAll(scene.url, ids).finally(() => scene.server.redis.config('SET', ...off))
      expectEach(all, ['stats', 'list'], 0, /^$/)
      expectEach(all, CHANGING, 78, words)
      expectEach(all, ['check'], 78, /^$/)
      expect(all.check.out).toMatch(/^fault {4}memory .*\n {22}Set maxmemory-policy to noeviction/m)
    },
  )

  it('as it is a replica: what looks works, what changes something is refused, 78', PATIENCE, async () => {
    await scene.server.redis.call('REPLICAOF', '127.0.0.1', '1')
    const all = await runAll(scene.url, ids).finally(() => scene.server.redis.call('REPLICAOF', 'NO', 'ONE'))
    expectEach(all, ['stats', 'list'], 0, /^$/)
    expectEach(all, CHANGING, 78, /is a replica that can't be written to\. Set REDIS_URL to its master/)
    expectEach(all, ['check'], 78, /^$/)
    expect(all.check.out).toMatch(/^fault {4}role .*\n {22}Set REDIS_URL to its master\.$/m)
  })

  it('the password: every command says so at once, without it, 78', PATIENCE, async () => {
    await scene.server.redis.call('ACL', 'SETUSER', 'ops', 'on', '>another', '~*', '&*', '+@all')
    const all = await runAll(scene.url.replace('//', '//ops:geheim@'), ids)
    expectEach(all, EVERY, 78, /^The Redis at (?!.*geheim).* refuses the user or password \(WRONGPASS\)/)
    expectEach(all, ['check'], 78, /^$/)
    expect(all.check.out).toMatch(/^fault {4}redis (?!.*geheim).*WRONGPASS.*\n {22}Correct REDIS_URL\.$/m)
  })

  it('as it is too old: every command says so at once, 78', PATIENCE, async () => {
    const old = fakeRedis(line => (line.includes('INFO') ? '$20\r\nredis_version:6.0.16\r\n' : '+OK\r\n'))
    const all = await runAll(`redis://127.0.0.1:${await old.port}`, ids)
    old.close()
    expectEach(all, EVERY, 78, /is 6\.0\.16; Tidings needs 6\.2 or newer\. Upgrade it/)
    expectEach(all, ['check'], 78, /^$/)
    expect(all.check.out).toMatch(/^fault {4}redis .*6\.0\.16.*\n {22}Upgrade it/m)
  })

  // Only root may mount; where that isn't so, a full disk can't be had without filling a real one.
  const disk = smallDisk()
  it.skipIf(disk === undefined)(
    disk === undefined
      ? 'as its disk is full: can not be tried here, as this user may not mount a small file system'
      : 'as its disk is full: what looks works, what changes something is refused for now, 75',
    PATIENCE,
    async () => {
      if (disk === undefined) return
      const full = await openCommandScene(disk.path)
      try {
        const these = { waiting: await full.waiting(), cancelled: await full.cancelled() }
        const fill = async () => {
          try {
            await full.server.redis.set('filler', 'x'.repeat(1024 * 1024))
            return 'written'
          } catch (error) {
            return String(error)
          }
        }
        await expect.poll(fill, { timeout: WORKER_LIMIT, interval: 50 }).toContain('MISCONF')
        const all = await runAll(full.url, these)
        expectEach(all, ['stats', 'list'], 0, /^$/)
        expectEach(all, CHANGING, 75, /^Redis can’t write to its disk, [^\n]+see: tidings check\n$/)
        expectEach(all, ['check'], 75, /^$/)
        expect(all.check.out).toMatch(/^fault {4}disk .*\n {22}Make room on its disk/m)
      } finally {
        await full.close()
        disk.remove()
      }
    },
  )
})

describe('a Redis that comes back', () => {
  it('was emptied: what was there is unknown, exit code 1; what is new is taken', PATIENCE, async () => {
    await scene.server.redis.flushdb()
    const all = await runAll(scene.url, ids)
    expectEach(all, ['enqueue', 'send'], 1, /^There is no user ann\.\n$/)
    expectEach(all, ['cancel', 'retry'], 1, /^There is no job \S+\.\n$/)
    expectEach(all, ['check', 'stats', 'list', 'add'], 0, /^(There are none\.|\S+ is added\.)?\n?$/)
  })

  // The last one: what the scene itself holds open is bound to the old server's port.
  it('was started anew while a command waited for it: exit code 0, with what it had', PATIENCE, async () => {
    await expect
      .poll(async () => /aof_pending_bio_fsync:0/.test(await scene.server.redis.info('persistence')))
      .toBe(true)
    let running: Promise<All> | undefined
    await scene.restart(() => {
      running = runAll(scene.url, ids)
    })
    const all = await running
    if (!all) throw new Error('nothing was run')
    expectEach(
      all,
      [...LOOKING, ...CHANGING],
      0,
      /^(\S+ is (added|cancelled|tried again)\.\n|Sent to ann\.\n)?$/,
    )
  })
})
