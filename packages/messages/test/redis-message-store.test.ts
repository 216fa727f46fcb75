import { describe, expect, it } from 'vitest'
import { monitor } from '../../../test/monitor.ts'
import { testRedis } from '../../../test/redis.ts'
import {
  error,
  info,
  isForBrowser,
  MemoryMessageStore,
  RedisMessageStore,
  success,
  warning,
} from '../src/index.ts'

const { redis, url, prefix } = testRedis()
let users = 0
const newUser = () => `user-${++users}`

const store = new RedisMessageStore({ redis, prefix })
const texts = (claim: { messages: readonly { text: string }[] } | undefined) =>
  claim?.messages.map(({ text }) => text) ?? []
const ids = (claim: { messages: readonly { id: string }[] } | undefined) =>
  claim?.messages.map(({ id }) => id) ?? []

async function show(owner: string, limit = 10): Promise<string[]> {
  const claim = await store.claim({ owner }, { limit })
  if (claim) await store.confirm(claim, ids(claim))
  return texts(claim)
}

describe('posting', () => {
  it('keeps level, text, tags, link, data and the time of Redis', async () => {
    const owner = newUser()
    await store.post(
      owner,
      error('Failed.', { extraTags: 'import', link: { href: '/jobs/1', text: 'Look' }, data: { rows: 3 } }),
    )
    const [message] = (await store.claim({ owner }, { limit: 10 }))?.messages ?? []
    expect(message).toMatchObject({
      level: 40,
      text: 'Failed.',
      levelTag: 'error',
      tags: 'import error',
      link: { href: '/jobs/1', text: 'Look' },
      data: { rows: 3 },
    })
    const [seconds] = await redis.time()
    expect(Math.abs(Number(message?.time) / 1000 - Number(seconds))).toBeLessThan(5)
  })

  it.each([
    ['Redis', store],
    ['memory', new MemoryMessageStore()],
  ])('for a browser gives an id by which it can be told, in %s', async (_, store) => {
    const [owner, browser] = [newUser(), newUser()]
    await store.post(owner, info('owner'))
    await store.post({ browser }, info('browser'))
    await store.broadcast(info('everyone'))
    const claim = await store.claim({ owner, browser }, { limit: 10 })
    expect(claim?.messages.filter(({ id }) => isForBrowser(id)).map(({ text }) => text)).toEqual(['browser'])
    expect(claim?.messages.length).toBeGreaterThanOrEqual(3)
    for (const { id } of await store.broadcasts()) await store.withdraw(id)
  })

  it('keeps the order of several messages in one post', async () => {
    const owner = newUser()
    await store.post(owner, [info('one'), info('two'), info('three')])
    expect(await show(owner)).toEqual(['one', 'two', 'three'])
  })

  it.each([
    ['an empty text', { level: 20, text: '  ' }, /text/],
    ['a level that is no integer', { level: 2.5, text: 'x' }, /level/],
    [
      'a link that runs a script',
      { level: 20, text: 'x', link: { href: 'javascript:alert(1)', text: 'x' } },
      /href/,
    ],
    [
      'a link to another host that looks like a path',
      { level: 20, text: 'x', link: { href: '//evil.example', text: 'x' } },
      /href/,
    ],
    [
      'a link with a backslash',
      { level: 20, text: 'x', link: { href: '/\\evil.example', text: 'x' } },
      /href/,
    ],
    ['a link with a tab', { level: 20, text: 'x', link: { href: '/\t/evil.example', text: 'x' } }, /href/],
    ['tags that leave their attribute', { level: 20, text: 'x', extraTags: '"><script>' }, /extraTags/],
    ['a key with the separator', { level: 20, text: 'x', key: 'a|b' }, /key/],
    ['data over its bound', { level: 20, text: 'x', data: { big: 'x'.repeat(5000) } }, /data/],
  ])('refuses %s, saying which field is at fault', async (_, message, field) => {
    await expect(store.post(newUser(), message)).rejects.toThrow(field)
  })

  it('cuts a long text at a whole character', async () => {
    const owner = newUser()
    await store.post(owner, info('🎉'.repeat(2001)))
    const [text] = await show(owner)
    expect(text).toBe(`${'🎉'.repeat(1999)}…`)
  })

  it('takes out control characters and halves of characters', async () => {
    const owner = newUser()
    await store.post(owner, info('a\u0000b\u001b[31mc\r\nd\ud800e'))
    expect(await show(owner)).toEqual(['ab[31mc\nd\ufffde'])
  })

  it('writes a post that is sent again only once', async () => {
    const owner = newUser()
    const { keys, args } = store.postArguments(owner, 'token-01')
    const { SCRIPTS, encodeMessage } = await import('../src/index.ts')
    await SCRIPTS.post.run(redis, keys, [...args, ...encodeMessage(info('once'))])
    expect(await SCRIPTS.post.run(redis, keys, [...args, ...encodeMessage(info('once'))])).toEqual([-1, ''])
    expect(await show(owner)).toEqual(['once'])
  })

  it('goes on when the clock of Redis was set back: ids still grow', async () => {
    const owner = newUser()
    await redis.rpush(
      `${prefix}:messages:user:${owner}`,
      '9000000000000000|||{"level":20,"text":"from the future"}',
    )
    await store.post(owner, info('now'))
    expect(await show(owner)).toEqual(['from the future', 'now'])
  })
})

describe('keys', () => {
  it('replaces an unread message with the same key, and moves it to the end', async () => {
    const owner = newUser()
    await store.post(owner, [info('Import started.', { key: 'job:1' }), info('other')])
    await store.post(owner, success('Import done.', { key: 'job:1' }))
    expect(await show(owner)).toEqual(['other', 'Import done.'])
  })

  it('does not replace a message that a page holds, nor one that was shown', async () => {
    const owner = newUser()
    await store.post(owner, info('first', { key: 'k' }))
    const claim = await store.claim({ owner }, { limit: 10 })
    await store.post(owner, info('second', { key: 'k' }))
    if (claim) await store.confirm(claim, ids(claim))
    await store.post(owner, info('third', { key: 'k' }))
    expect(texts(claim)).toEqual(['first'])
    expect((await store.inbox(owner)).map(({ text }) => text)).toEqual(['third', 'first'])
  })

  it('replaces a message that was released', async () => {
    const owner = newUser()
    await store.post(owner, info('first', { key: 'k' }))
    const claim = await store.claim({ owner }, { limit: 10 })
    if (claim) await store.release(claim)
    await store.post(owner, info('second', { key: 'k' }))
    expect(await show(owner)).toEqual(['second'])
  })

  it('does not take a key for another that begins with it', async () => {
    const owner = newUser()
    await store.post(owner, [
      info('job 1', { key: 'job:1' }),
      info('job 12', { key: 'job:12' }),
      info('done', { key: 'job:1' }),
    ])
    expect(await show(owner)).toEqual(['job 12', 'done'])
  })
})

describe('claim, confirm, release', () => {
  it('shows a message once and keeps it in the inbox', async () => {
    const owner = newUser()
    await store.post(owner, [info('one'), warning('two')])
    expect(await show(owner)).toEqual(['one', 'two'])
    expect(await show(owner)).toEqual([])
    expect((await store.inbox(owner)).map(({ text, unread }) => [text, unread])).toEqual([
      ['two', false],
      ['one', false],
    ])
  })

  it('gives a second tab only what is newer', async () => {
    const owner = newUser()
    await store.post(owner, info('one'))
    const first = await store.claim({ owner }, { limit: 10 })
    await store.post(owner, info('two'))
    const second = await store.claim({ owner }, { limit: 10 })
    expect([texts(first), texts(second)]).toEqual([['one'], ['two']])
    expect(await store.claim({ owner }, { limit: 10 })).toBeUndefined()
  })

  it('shows what a page held and did not show on the next one', async () => {
    const owner = newUser()
    await store.post(owner, [info('one'), info('two'), info('three')])
    const claim = await store.claim({ owner }, { limit: 10 })
    if (claim) await store.confirm(claim, ids(claim).slice(1, 2))
    expect(await show(owner)).toEqual(['one', 'three'])
  })

  it('shows all that was released on the next page, before what came later', async () => {
    const owner = newUser()
    await store.post(owner, [info('one'), info('two')])
    const claim = await store.claim({ owner }, { limit: 10 })
    await store.post(owner, info('three'))
    if (claim) await store.release(claim)
    expect(await show(owner)).toEqual(['one', 'two', 'three'])
  })

  it('gives back what a dead process held when its lease is over', async () => {
    const hasty = new RedisMessageStore({ redis, prefix, lease: 100 })
    const owner = newUser()
    await store.post(owner, info('one'))
    const lost = await hasty.claim({ owner }, { limit: 10 })
    expect(await store.claim({ owner }, { limit: 10 })).toBeUndefined()
    await expect.poll(() => show(owner), { interval: 20 }).toEqual(['one'])
    // A confirm that comes too late takes nothing from anybody.
    await store.post(owner, info('two'))
    if (lost) await hasty.confirm(lost, ids(lost))
    expect(await show(owner)).toEqual(['two'])
  })

  it('takes no more than the limit and says how many wait', async () => {
    const owner = newUser()
    await store.post(
      owner,
      Array.from({ length: 25 }, (_, i) => info(String(i))),
    )
    const claim = await store.claim({ owner }, { limit: 10 })
    expect([texts(claim).length, claim?.more]).toEqual([10, 15])
    if (claim) await store.confirm(claim, ids(claim))
    expect((await store.claim({ owner }, { limit: Infinity }))?.messages).toHaveLength(15)
  })

  it('repeats without harm: confirm and release twice, and a claim sent again gets the same messages', async () => {
    const owner = newUser()
    const { SCRIPTS } = await import('../src/index.ts')
    await store.post(owner, [info('one'), info('two')])
    const keys = [`${prefix}:messages:user:${owner}`, `${prefix}:reading:user:${owner}`]
    const first = await SCRIPTS.claim.run(redis, keys, ['claim-01', -1, 10_000, 60_000, '-'])
    expect(await SCRIPTS.claim.run(redis, keys, ['claim-01', -1, 10_000, 60_000, '-'])).toEqual(first)
    expect(await SCRIPTS.release.run(redis, [`${keys[1]}`], ['claim-01'])).toBe(2)
    expect(await SCRIPTS.release.run(redis, [`${keys[1]}`], ['claim-01'])).toBe(0)
    const claim = await store.claim({ owner }, { limit: 10 })
    if (!claim) throw new Error('nothing to claim')
    await store.confirm(claim, ids(claim).slice(0, 1))
    await store.confirm(claim, ids(claim).slice(0, 1))
    expect(await show(owner)).toEqual(['two'])
  })

  it('costs one command and no write where nothing is unread', async () => {
    const owner = newUser()
    await store.post(owner, info('one'))
    await show(owner)
    const own = redis.duplicate()
    const client = new RedisMessageStore({ redis: own, prefix })
    await client.claim({ owner: 'somebody else' }, { limit: 10 }) // a connection's first call sends the whole script
    const commands = await monitor(url)
    expect(await client.claim({ owner }, { limit: 10 })).toBeUndefined()
    own.disconnect()
    const sent = () =>
      commands
        .filter(({ words }) => words.some(word => word.includes(owner)))
        .map(({ words }) => words[0]?.toUpperCase())
    await expect.poll(sent).toContain('EVALSHA')
    // What follows EVALSHA in the list ran inside the script.
    await expect.poll(sent).toEqual(['EVALSHA', 'LINDEX', 'HGETALL'])
  })
})

describe('a user and their browser', () => {
  it('shows the messages of both in order of time, and keeps only those of the user', async () => {
    const owner = newUser()
    const browser = `browser of ${owner}`
    await store.post({ browser }, info('Saved.'))
    await store.post(owner, success('Imported.'))
    await store.post({ browser }, info('Saved again.'))
    const claim = await store.claim({ owner, browser }, { limit: 10 })
    expect(texts(claim)).toEqual(['Saved.', 'Imported.', 'Saved again.'])
    if (claim) await store.confirm(claim, ids(claim))
    expect(await store.claim({ owner, browser }, { limit: 10 })).toBeUndefined()
    expect((await store.inbox(owner)).map(({ text }) => text)).toEqual(['Imported.'])
    expect(await redis.exists(`${prefix}:messages:browser:${browser}`)).toBe(0)
  })

  it('shows a browser nothing of another browser or another user', async () => {
    const [alice, bob] = [newUser(), newUser()]
    await store.post({ browser: `of ${alice}` }, info('Saved.'))
    await store.post(alice, info('For Alice.'))
    expect(await store.claim({ owner: bob, browser: `of ${bob}` }, { limit: 10 })).toBeUndefined()
    expect(await store.claim({}, { limit: 10 })).toBeUndefined()
  })

  it('keeps apart an owner whose id looks like another key', async () => {
    const owner = newUser()
    await store.post(`${owner}:x`, info('x'))
    expect(await store.claim({ owner }, { limit: 10 })).toBeUndefined()
  })
})

describe('the cap', () => {
  const small = new RedisMessageStore({ redis, prefix, cap: 3 })

  it('drops the oldest unread message past it, and says so until a page has told', async () => {
    const owner = newUser()
    for (const text of ['1', '2', '3', '4', '5']) await small.post(owner, info(text))
    const claim = await small.claim({ owner }, { limit: 10 })
    expect([texts(claim), claim?.dropped]).toEqual([['3', '4', '5'], 2])
    if (claim) await small.confirm(claim, ids(claim))
    await small.post(owner, info('6'))
    expect((await small.claim({ owner }, { limit: 10 }))?.dropped).toBe(0)
  })

  it('drops what was read before what was not', async () => {
    const owner = newUser()
    await small.post(owner, [info('1'), info('2'), info('3')])
    const claim = await small.claim({ owner }, { limit: 10 })
    if (claim) await small.confirm(claim, ids(claim).slice(1, 2))
    await small.post(owner, info('4'))
    const next = await small.claim({ owner }, { limit: 10 })
    expect([texts(next), next?.dropped]).toEqual([['1', '3', '4'], 0])
  })

  it('drops what a page holds last of all', async () => {
    const owner = newUser()
    await small.post(owner, [info('1'), info('2')])
    const claim = await small.claim({ owner }, { limit: 1 })
    await small.post(owner, [info('3'), info('4')])
    if (claim) await small.release(claim)
    expect(texts(await small.claim({ owner }, { limit: 10 }))).toEqual(['1', '3', '4'])
  })
})

describe('messages that expire', () => {
  it('are shown no more when their time is over, and are counted as seen by nobody', async () => {
    const events: [string, number][] = []
    const counting = new RedisMessageStore({
      redis,
      prefix,
      onEvent: (event, count) => events.push([event, count]),
    })
    const owner = newUser()
    await counting.post(owner, [
      info('short', { expiresIn: 30 }),
      info('long', { expiresIn: 60_000 }),
      info('for ever'),
    ])
    await expect
      .poll(async () => (await counting.inbox(owner)).map(({ text }) => text))
      .toEqual(['for ever', 'long'])
    const claim = await counting.claim({ owner }, { limit: 10 })
    expect(texts(claim)).toEqual(['long', 'for ever'])
    expect(events).toContainEqual(['expired', 1])
    expect(counting.counts).toMatchObject({ posted: 3, expired: 1 })
  })

  it('refuse a time that is none', async () => {
    await expect(store.post(newUser(), info('x', { expiresIn: 0 }))).rejects.toThrow(/expiresIn/)
  })
})

describe('for a page that is open', () => {
  it('tells what is unread and held by no page, and marks as read what it has shown', async () => {
    const owner = newUser()
    const browser = `browser of ${owner}`
    await store.post(owner, [info('one'), info('two')])
    await store.post({ browser }, info('here'))
    const open = await store.unread({ owner, browser }, { limit: 2 })
    expect([open.messages.map(({ text }) => text), open.more]).toEqual([['one', 'two'], 1])
    await store.read({ owner, browser }, [String(open.messages[1]?.id)])
    expect(texts(await store.claim({ owner, browser }, { limit: 10 }))).toEqual(['one', 'here'])
    expect((await store.unread({ owner, browser }, { limit: 10 })).messages).toEqual([])
    expect((await store.inbox(owner)).map(({ text, unread }) => [text, unread])).toEqual([
      ['two', false],
      ['one', true],
    ])
  })

  it('takes nothing from anybody else', async () => {
    const [alice, bob] = [newUser(), newUser()]
    await store.post(alice, info('for Alice'))
    const { messages } = await store.unread({ owner: alice }, { limit: 10 })
    await store.read(
      { owner: bob },
      messages.map(({ id }) => id),
    )
    await store.read({ owner: alice }, ['', 'nonsense', '9999999999999999', `${messages[0]?.id}b`])
    expect(await show(alice)).toEqual(['for Alice'])
  })

  it('hints at what is new, to whoever it is for', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const hints: string[] = []
    const leave = await Promise.all([
      store.watch({ owner: alice }, () => hints.push('alice')),
      store.watch({ owner: bob, browser: 'b' }, () => hints.push('bob')),
    ])
    hints.length = 0
    await store.post(alice, info('x'))
    await expect.poll(() => hints).toEqual(['alice'])
    await store.post({ browser: 'b' }, info('x'))
    await expect.poll(() => hints).toEqual(['alice', 'bob'])
    await store.broadcast(info('x'))
    await expect.poll(() => hints).toEqual(['alice', 'bob', 'alice', 'bob'])
    await Promise.all(leave.map(stop => stop()))
    await Promise.all((await store.broadcasts()).map(({ id }) => store.withdraw(id)))
  })
})

describe('the inbox', () => {
  it('loses what its owner dismisses, read or not, and nobody else can', async () => {
    const [alice, bob] = [newUser(), newUser()]
    await store.post(alice, [info('one'), info('two')])
    const [two, one] = await store.inbox(alice)
    expect(await store.dismiss(bob, String(one?.id))).toBe(false)
    expect(await store.dismiss(alice, String(one?.id))).toBe(true)
    expect(await store.dismiss(alice, String(one?.id))).toBe(false)
    expect((await store.inbox(alice)).map(({ id }) => id)).toEqual([two?.id])
    expect(await show(alice)).toEqual(['two'])
  })

  it('loses a message once, when it is dismissed twice at the same time', async () => {
    const owner = newUser()
    await store.post(owner, info('one'))
    const broadcast = await store.broadcast(info('for all'))
    for (const { id } of await store.inbox(owner)) {
      expect((await Promise.all([store.dismiss(owner, id), store.dismiss(owner, id)])).sort()).toEqual([
        false,
        true,
      ])
    }
    await store.withdraw(broadcast)
  })

  it('can be marked as read as a whole, up to what was looked at', async () => {
    const owner = newUser()
    await store.post(owner, [info('one'), info('two')])
    const seen = await store.inbox(owner)
    await store.post(owner, info('three'))
    await store.read(
      { owner },
      seen.map(({ id }) => id),
    )
    expect(await show(owner)).toEqual(['three'])
  })
})

describe('bad records and limits', () => {
  it('skips records that are broken or foreign, shows the others, and does not meet them twice', async () => {
    const warnings: object[] = []
    const careful = new RedisMessageStore({ redis, prefix, log: { warn: facts => warnings.push(facts) } })
    const owner = newUser()
    await redis.rpush(`${prefix}:messages:user:${owner}`, 'garbage')
    await store.post(owner, info('one'))
    await redis.rpush(
      `${prefix}:messages:user:${owner}`,
      '8000000000000000|||{"level":"constructor"}',
      'more garbage',
    )
    await store.post(owner, info('two'))
    const claim = await careful.claim({ owner }, { limit: 10 })
    expect(texts(claim)).toEqual(['one', 'two'])
    if (claim) await careful.confirm(claim, ids(claim))
    expect(warnings).toHaveLength(1)
    expect(await careful.claim({ owner }, { limit: 10 })).toBeUndefined()
    expect((await careful.inbox(owner)).map(({ text }) => text)).toEqual(['two', 'one'])
  })

  it('expires with its list, never before it', async () => {
    const owner = newUser()
    await store.post(owner, info('one'))
    await show(owner)
    // In this order: a millisecond may pass from one to the other.
    const [reading, list] = await Promise.all(
      ['reading', 'messages'].map(kind => redis.pttl(`${prefix}:${kind}:user:${owner}`)),
    )
    expect(list).toBeGreaterThan(29 * 24 * 60 * 60 * 1000)
    expect(reading).toBeGreaterThanOrEqual(Number(list))
  })

  it('expires also where its only message was replaced', async () => {
    const owner = newUser()
    await store.post(owner, info('one', { key: 'only' }))
    await store.post(owner, info('two', { key: 'only' }))
    expect(await redis.llen(`${prefix}:messages:user:${owner}`)).toBe(1)
    expect(await redis.pttl(`${prefix}:messages:user:${owner}`)).toBeGreaterThan(0)
  })

  it('expires with what it counts of messages that were dropped', async () => {
    const owner = newUser()
    const small = new RedisMessageStore({ redis, prefix, cap: 1 })
    await small.post(owner, info('one'))
    await small.post(owner, info('two'))
    expect(await redis.pttl(`${prefix}:reading:user:${owner}`)).toBeGreaterThan(0)
  })

  it('refuses options out of range and recipients that are none', async () => {
    expect(() => new RedisMessageStore({ redis, cap: 0 })).toThrow(/cap/)
    await expect(store.post('', info('x'))).rejects.toThrow(/owner/)
    await expect(store.post('a\ud800', info('x'))).rejects.toThrow(/owner/)
  })
})

describe('races', () => {
  it('gives each of 2,000 messages to exactly one of four tabs while they are posted', async () => {
    const owner = newUser()
    const big = new RedisMessageStore({ redis, prefix, cap: 5000 })
    const seen: string[] = []
    let posting = true
    let claims = 0
    const tabs = Array.from({ length: 4 }, async () => {
      for (;;) {
        const last = !posting
        const claim = await big.claim({ owner }, { limit: 10 })
        if (!claim && last) return
        if (!claim) continue
        if (++claims % 5 === 0) {
          await big.release(claim)
          continue
        }
        await big.confirm(claim, ids(claim))
        seen.push(...texts(claim))
      }
    })
    for (let i = 0; i < 2000; i += 4)
      await Promise.all([0, 1, 2, 3].map(n => big.post(owner, info(String(i + n)))))
    posting = false
    await Promise.all(tabs)
    seen.push(...(await show(owner, Infinity)))
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i))
  })
})

it('tells how long each message has waited for the page that showed it, once', async () => {
  const waits: number[] = []
  const told = new RedisMessageStore({ redis, prefix, onShown: waited => waits.push(waited) })
  const owner = newUser()
  await told.post(owner, [info('one'), info('two'), info('three')])
  const claim = await told.claim({ owner }, { limit: 2 })
  if (!claim) throw new Error('nothing was claimed')
  await told.confirm(claim, ids(claim))
  expect(waits).toHaveLength(2)
  const all = (await told.inbox(owner)).map(({ id }) => id)
  await told.read({ owner }, all)
  await told.read({ owner }, all)
  expect(waits).toHaveLength(3)
  expect(waits.every(waited => waited >= 0 && waited < 60_000)).toBe(true)
})
