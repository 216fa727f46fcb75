import { expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { createBlog, FileGoneError, FileTooLargeError } from '../src/index.ts'

const { redis, prefix } = testRedis()
const { files } = createBlog({ redis, prefix })
const DAY = 24 * 60 * 60_000
const MAX = { maxBytes: 2 * 1024 * 1024 }

const file = (content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, more: object = {}) => ({
  owner: '7',
  name: 'posts.csv',
  type: 'text/csv',
  ttl: 60_000,
  content,
  ...more,
})

function bytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) % 256))
}

async function content(id: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of files.read(id)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const keys = () => redis.keys(`${prefix.replace(/[{}]/g, '\\$&')}:file*`)

it('keeps a file with its owner, name, type, size and expiry', async () => {
  const saved = await files.save(file([Buffer.from('title,body\n')]), MAX)
  expect(saved).toEqual({
    id: expect.stringMatching(/^[\da-f-]{36}$/),
    owner: '7',
    name: 'posts.csv',
    type: 'text/csv',
    size: 11,
    createdAt: expect.any(Date),
    expiresAt: new Date(saved.createdAt.getTime() + 60_000),
  })
  expect(await files.find(saved.id)).toEqual(saved)
  expect(String(await content(saved.id))).toBe('title,body\n')
})

it.each([0, 1, 262_143, 262_144, 262_145, 1_000_000])(
  'gives back %i bytes as they came, in pieces of 256 kB',
  async size => {
    const whole = bytes(size)
    const chunks = [whole.subarray(0, 10), whole.subarray(10, 500_000), whole.subarray(500_000)]
    const { id } = await files.save(file(chunks), MAX)
    expect((await content(id)).equals(whole)).toBe(true)
    for await (const piece of files.read(id)) expect(piece.length).toBeLessThanOrEqual(262_144)
  },
)

it('takes a file at the limit and refuses one that is a byte longer, keeping nothing of it', async () => {
  await expect(files.save(file([bytes(600_000)]), { maxBytes: 600_000 })).resolves.toMatchObject({
    size: 600_000,
  })
  const before = (await keys()).length
  const refused = files.save(file([bytes(600_000), bytes(1)]), { maxBytes: 600_000 })
  await expect(refused).rejects.toThrow(FileTooLargeError)
  await expect(refused).rejects.toMatchObject({ maxBytes: 600_000 })
  expect(await keys()).toHaveLength(before)
})

it('stops reading an endless upload at the limit', async () => {
  let sent = 0
  async function* endless() {
    for (;;) {
      sent += 65_536
      yield Buffer.alloc(65_536)
    }
  }
  await expect(files.save(file(endless()), { maxBytes: 600_000 })).rejects.toThrow(FileTooLargeError)
  expect(sent).toBeLessThan(1_000_000)
})

it('shows nothing of a file that is still being written, or whose upload broke off', async () => {
  const before = (await keys()).length
  async function* broken() {
    yield bytes(600_000)
    expect(await keys()).toHaveLength(before + 1)
    expect(await files.find('partly')).toBeUndefined()
    await expect(content('partly')).rejects.toThrow(FileGoneError)
    throw new Error('The upload broke off.')
  }
  await expect(files.save(file(broken(), { id: 'partly' }), MAX)).rejects.toThrow('The upload broke off.')
  expect(await files.find('partly')).toBeUndefined()
  expect(await keys()).toHaveLength(before)
})

it('lets nothing live for ever, written or half written', async () => {
  async function* looking() {
    yield bytes(600_000)
    for (const key of await keys()) expect(await redis.pttl(key)).toBeGreaterThan(0)
    yield bytes(10)
  }
  await files.save(file(looking()), MAX)
  for (const key of await keys()) expect(await redis.pttl(key)).toBeGreaterThan(0)
})

it('keeps the content as long as the file, and a minute for who is reading it', async () => {
  const before = await keys()
  await files.save(file([bytes(10)], { ttl: DAY }), MAX)
  const [content = ''] = (await keys()).filter(key => key.includes('content') && !before.includes(key))
  expect(await redis.pttl(content)).toBeGreaterThan(DAY)
})

it('forgets a file when its time is over', async () => {
  const { id } = await files.save(file([bytes(10)], { ttl: 30 }), MAX)
  await expect.poll(() => files.find(id)).toBeUndefined()
  await expect(content(id)).rejects.toThrow(FileGoneError)
})

it('says so when a file goes while it is read', async () => {
  const { id } = await files.save(file([bytes(600_000)]), MAX)
  const reading = files.read(id)
  await reading.next()
  for (const key of await keys()) if (key.includes('file-content')) await redis.del(key)
  await expect(reading.next()).rejects.toThrow(FileGoneError)
})

it('replaces a file of the same id in one step, and who reads the earlier one may finish', async () => {
  await files.save(file([bytes(600_000)], { id: 'again' }), MAX)
  const reading = files.read('again')
  const first = await reading.next()
  await files.save(file([Buffer.from('new')], { id: 'again', name: 'new.csv' }), MAX)
  let size = first.value?.length ?? 0
  for await (const piece of reading) size += piece.length
  expect(size).toBe(600_000)
  expect(String(await content('again'))).toBe('new')
  expect(await files.find('again')).toMatchObject({ name: 'new.csv', size: 3 })
})

it('cleans a name of what could break a header or a page', async () => {
  const { name } = await files.save(file([], { name: `a\r\nSet-Cookie: b\u202Evsc.${'x'.repeat(300)}` }), MAX)
  expect(name).toMatch(/^a Set-Cookie: bvsc\.x+$/)
  expect(name.length).toBeLessThanOrEqual(200)
})

it('refuses a type that is none', async () => {
  await expect(files.save(file([], { type: 'text/csv\r\nX: y' }), MAX)).rejects.toThrow('media type')
})
