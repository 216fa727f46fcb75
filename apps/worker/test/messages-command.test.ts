import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openScene, type Scene } from './scene.ts'
import { inTerminal } from './terminal.ts'
import { tidings } from './tidings.ts'

let scene: Scene
let env: Record<string, string>
let ann: string
let ben: string
beforeAll(async () => {
  scene = await openScene()
  env = { REDIS_URL: scene.url }
})
afterAll(() => scene.close())
beforeEach(async () => {
  await scene.redis.flushdb()
  const id = async (username: string) =>
    (await scene.blog.users.create({ username, password: 'a long password 7' })).id
  ann = await id('ann')
  ben = await id('ben')
})

const run = (...args: string[]) => tidings(['messages', ...args], env)
const inbox = async (owner: string) => (await scene.store.inbox(owner)).map(({ text }) => text)

describe('tidings messages send', () => {
  it('writes to each of those who are named', async () => {
    const ran = await run(
      'send',
      'Hello.',
      '--to',
      'ann',
      '--to',
      'BEN',
      '--level',
      'warning',
      '--link',
      '/jobs',
    )
    expect(ran).toEqual({ code: 0, out: '', err: 'Sent to ann, ben.\n' })
    expect(await scene.store.inbox(ann)).toMatchObject([
      { text: 'Hello.', level: 30, link: { href: '/jobs', text: '/jobs' }, unread: true },
    ])
    expect(await inbox(ben)).toEqual(['Hello.'])
  })

  it('with an idempotency key gives it to each once, however often it is asked for', async () => {
    const key = ['--idempotency-key', 'monday: a key of any length, and of any characters | such as these']
    await run('send', 'Hello.', '--to', 'ann', ...key)
    expect(await run('send', 'Hello.', '--to', 'ann', '--to', 'ben', ...key)).toMatchObject({ code: 0 })
    expect([await inbox(ann), await inbox(ben)]).toEqual([['Hello.'], ['Hello.']])
    const ids = [1, 2].map(() => run('send', 'To all.', '--all', '--yes', ...key))
    const [first, second] = await Promise.all(ids)
    expect(second?.out).toBe(first?.out)
    expect(await scene.store.broadcasts()).toHaveLength(1)
  })

  it('sends nothing where one of them is unknown', async () => {
    const ran = await run('send', 'Hello.', '--to', 'ann', '--to', 'nobody', '--to', 'none')
    expect(ran).toEqual({ code: 1, out: '', err: 'There is no user nobody.\nThere is no user none.\n' })
    expect(await inbox(ann)).toEqual([])
  })

  it('takes the text from a pipe', async () => {
    expect(await tidings(['messages', 'send', '--to', 'ann'], env, 'From a pipe.\n')).toMatchObject({
      code: 0,
    })
    expect(await inbox(ann)).toEqual(['From a pipe.'])
  })

  it('tells everyone with --yes, prints the message’s id, and takes it back by that', async () => {
    const sent = await run('send', 'To all.', '--all', '--yes')
    expect(sent).toMatchObject({ code: 0, err: 'Sent to everyone.\n' })
    const id = sent.out.trim()
    expect(await inbox(ann)).toEqual(['To all.'])
    expect((await run('list')).out).toMatch(
      new RegExp(`^${id}\\s+info\\s+-\\s+\\d{4}\\S+\\s+0\\s+To all\\.$`, 'm'),
    )
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({ id, text: 'To all.', seen: 0 })
    expect(await run('withdraw', id)).toMatchObject({ code: 0, err: `${id} is withdrawn.\n` })
    expect(await inbox(ann)).toEqual([])
    expect((await run('withdraw', id)).code).toBe(1)
  })

  it('with --dry-run sends nothing, and says what it would', async () => {
    for (const whom of [['--to', 'ann'], ['--all']]) {
      const ran = await run('send', 'Hello.', ...whom, '--dry-run')
      expect(ran).toMatchObject({
        code: 0,
        out: '',
        err: expect.stringMatching(/^Would send “Hello\.” \(info\) to /),
      })
    }
    expect(await inbox(ann)).toEqual([])
  })

  it.each([
    ['nobody', ['Hello.'], /--to <user>, or --all/],
    ['somebody and everyone', ['Hello.', '--to', 'ann', '--all', '--yes'], /not both/],
    ['everyone in a pipe without --yes', ['Hello.', '--all'], /sent with --yes/],
    ['a text that says nothing', [' ', '--to', 'ann'], /text: expected a text that says something/],
    ['a link elsewhere', ['Hello.', '--to', 'ann', '--link', 'javascript:1'], /link\.href: expected a path/],
    ['a level that is none', ['Hello.', '--to', 'ann', '--level', 'loud'], /Allowed choices are debug, info/],
  ])('refuses %s: exit code 2, and nothing is sent', async (_, args, words) => {
    const { code, err } = await run('send', ...args)
    expect(code).toBe(2)
    expect(err).toMatch(words)
    expect(err).not.toMatch(/^\s+at /m)
    expect(await inbox(ann)).toEqual([])
  })

  it.each([
    ['n', [], 'Nothing was sent'],
    ['y', ['To all.'], 'Sent to everyone'],
  ])('asks on a terminal before it tells everyone: %s', async (answer, texts, words) => {
    const terminal = inTerminal(['messages', 'send', 'To all.', '--all'], env)
    await terminal.shows(/Send “To all\.” \(info\) to everyone\? \[y\/N\]/)
    terminal.type(`${answer}\r`)
    expect(await terminal.ended).toBe(0)
    expect(terminal.screen()).toContain(words)
    expect(await inbox(ann)).toEqual(texts)
  })
})

describe('tidings messages list', () => {
  it('shows somebody’s inbox, and consumes nothing', async () => {
    await run('send', 'Hello.\u202e', '--to', 'ann')
    const { out } = await run('list', '--to', 'ann')
    expect(out).toMatch(/^\d+\s+info\s+\S+Z\s+unread\s+Hello\.\\u202e$/m)
    expect(JSON.parse((await run('list', '--to', 'ann', '--json')).out)).toMatchObject({ unread: true })
  })
})
