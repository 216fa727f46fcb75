import { performJob } from '@tidings/jobs/testing'
import { LEVELS } from '@tidings/messages'
import { beforeEach, describe, expect, it } from 'vitest'
import { formatOf, type Post, whyNotPosts } from '../src/index.ts'
import { jsonFault } from '../src/json-fault.ts'
import { readJsonItems } from '../src/json-items.ts'
import { jobContext, read, testBlog } from './helper.ts'

const { blog, jobs, alice, upload, published, forgetPosts } = await testBlog()
beforeEach(forgetPosts)

async function performImport(content: string | Buffer, name = 'posts.json') {
  const input = { ...(await upload(content)), name }
  const { message, result } = await performJob(jobs.importPosts, input, { owner: alice.id })
  return { ...message, result }
}

const titles = async () => (await published()).map(({ title }) => title)
const withoutId = ({ id: _, ...rest }: Post) => rest

async function items(...chunks: string[]) {
  async function* content() {
    yield* chunks
  }
  const all = []
  for await (const each of readJsonItems(content())) all.push(each)
  return all
}

describe('an import of JSON', () => {
  it('stores the posts of a list, in its order', async () => {
    const posts = [
      {
        title: 'One',
        body: 'a\r\nb',
        tags: ['x', ' y '],
        published_at: '2026-01-01T10:00:00Z',
        author: 'eve',
        id: '7',
      },
      { title: ' Two ', body: 'c', tags: 'x; z', published_at: '2026-01-01' },
      { title: 'Three', body: 'd', tags: null, published_at: null },
    ]
    const { text, level } = await performImport(JSON.stringify(posts, null, 2))
    expect([level, text]).toEqual([LEVELS.SUCCESS, 'Imported 3 posts.'])
    expect((await published()).map(({ title, body, tags, author }) => [title, body, tags, author])).toEqual([
      ['Three', 'd', [], 'alice'],
      ['One', 'a\nb', ['x', 'y'], 'alice'],
      ['Two', 'c', ['x', 'z'], 'alice'],
    ])
  })

  it('names bad items by number and line, and stores the good ones', async () => {
    const content = `[
      {"title": "a", "body": "b"},
      {"title": "", "body": "b"}, "text",
      {"title": 5, "body": "b"}, {"title": "c", "body": ["b"]},
      {"title": "d", "body": "b", "tags": [1]}, null, [],
      {"title": "e", "body": "b", "published_at": 5},
      {"title": "f", "body": "b", "published_at": "tomorrow"}
    ]`
    const { text, level, result } = await performImport(content)
    expect(level).toBe(LEVELS.WARNING)
    expect(text).toBe(
      'Imported 1 post, skipped 9 items (item 2 in line 3: the title is missing; ' +
        'item 3 in line 3: it is no post like {"title": "…", "body": "…"}; item 4 in line 4: the title is no text; ' +
        'item 5 in line 4: the body is no text; item 6 in line 5: the tags are no list of texts; and 4 more).',
    )
    expect((result as { problems: unknown[] }).problems.slice(-2)).toEqual([
      { item: 9, line: 6, reason: 'published_at is no text' },
      { item: 10, line: 7, reason: expect.stringContaining('“tomorrow” is no date') },
    ])
    expect(await titles()).toEqual(['a'])
  })

  it.each([
    ['nothing but spaces', '  \n ', 'It is no list of posts'],
    ['an object', '{"posts": []}', 'It is no list of posts'],
    ['an empty list', '[ ]', 'It is a list with nothing in it.'],
    [
      'one bad item',
      '[{}]',
      'Its only item is no post (item 1 in line 1: the title is missing, the body is missing).',
    ],
    ['bad items alone', '[1,2]', 'None of its 2 items is a post (item 1 in line 1: it is no post'],
    ['a comma at the end', '[\n{"title":"a","body":"b"},\n]', 'in line 3, column 1, an item was expected.'],
    ['no comma', '[{"title":"a","body":"b"} {}]', 'in line 1, column 27, “,” or “]” was expected.'],
    ['more after the list', '[1]\n[2]', 'in line 2, column 1, nothing more was expected.'],
    [
      'a quote that is missing',
      '[{"title":"a","body":"b"},\n{"title: "a"}]',
      'item 2, which begins in line 2, has no end.',
    ],
    ['an end in the middle', '[{"title":"a","body":"b"}', 'in line 1, column 26, “,” or “]” was expected.'],
    ['single quotes', "[{\n  'title': 'a'}]", 'the fault is in line 2, column 3, in item 1.'],
    ['a comment', '[{"title":"a","body":"b"}, // no\n{}]', 'the fault is in line 1, column 28, in item 2.'],
    ['a line break in a text', '[{"title":"a\nb"}]', 'the fault is in line 1, column 13, in item 1.'],
    ['NaN', '[NaN]', 'the fault is in line 1, column 2, in item 1.'],
    ['brackets that cross', '[{"a":[}]]', 'the fault is in line 1, column 8, in item 1.'],
    [
      'Latin-1',
      Buffer.from('[{"title":"caf\u00e9","body":"x"}]', 'latin1'),
      'It is not UTF-8 text. Save it as UTF-8',
    ],
    ['UTF-16', Buffer.from('\uFEFF[]', 'utf16le'), 'It is UTF-16 text. Save it as UTF-8'],
    ['NUL bytes', '[\0]', 'It holds binary data, so it is no JSON file.'],
  ])('says why for %s, and stores nothing', async (_title, content, reason) => {
    const { level, text } = await performImport(content)
    expect(level).toBe(LEVELS.ERROR)
    expect(text).toContain('The import of “posts.json” failed. ')
    expect(text).toContain(reason)
    expect(await titles()).toEqual([])
  })

  it('is known by its content, or else by its name', () => {
    const bytes = (text: string) => Buffer.from(text)
    expect(formatOf(bytes('\uFEFF \n[{'), 'posts.csv')).toBe('json')
    expect(formatOf(bytes('{"a":1}'), 'x')).toBe('json')
    expect(formatOf(bytes('title,body'), 'posts.csv')).toBe('csv')
    expect(formatOf(bytes('title,body'), 'posts.JSON')).toBe('json')
    expect(whyNotPosts(bytes('[{}]'), 'posts.json')).toBeUndefined()
    expect(whyNotPosts(bytes('%PDF-1.7'), 'posts.json')).toBe(
      'It is a PDF document, not JSON. Save it as UTF-8, and upload it again.',
    )
  })

  it('reads back what an export has written as it was', async () => {
    const odd = ['=1+1', "'=1", '"quoted"', '\\n', 'é👩‍👧', '<b>', 'مرحبا', '__proto__']
    const written = odd.map((text, n) => ({
      id: `p${n}`,
      title: text,
      body: `${text}\n\n\tline \u2028 ${text} `,
      tags: [`t${n}`, '-x', 'y z'],
      author: 'alice',
      authorId: alice.id,
      publishedAt: new Date(Date.UTC(2026, 0, 1) - n * 1000),
    }))
    await blog.posts.saveNew(written)
    const exported = await performJob(jobs.exportPosts, { format: 'json' }, { owner: alice.id })
    const { file } = exported.result as { file: string }
    expect(JSON.parse(await read(blog.files.read(file)))).toHaveLength(8)
    await forgetPosts()
    const { message } = await performJob(jobs.importPosts, { file, name: 'posts.json' }, { owner: alice.id })
    expect(message.text).toBe('Imported 8 posts.')
    expect((await published()).map(withoutId)).toEqual(written.map(withoutId))
  })

  it('imports nothing twice when it runs twice', async () => {
    const content = JSON.stringify(Array.from({ length: 250 }, (_, n) => ({ title: `t${n}`, body: 'b' })))
    const context = jobContext(await upload(content), { owner: alice.id })
    await jobs.importPosts.run(context)
    const first = await published()
    expect(await jobs.importPosts.run({ ...context, attempt: 2 })).toMatchObject({ imported: 250 })
    expect(await published()).toEqual(first)
  })
})

describe('hostile JSON', () => {
  it('that is nested deeply is passed over, also where it fills the file', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const { text } = await performImport(`[{"title":"a","body":"b"},${deep},{"x":${deep}}]`)
    expect(text).toContain('item 2 in line 1: it is nested more than 32 levels deep; item 3')
    expect((await performImport('['.repeat(1_000_000))).text).toContain(
      'item 1, which begins in line 1, has no end',
    )
  })

  it('changes no object but itself', async () => {
    const { text } = await performImport(
      '[{"__proto__":{"title":"a","body":"b"}},{"title":"a","body":"b","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]',
    )
    expect(text).toContain('Imported 1 post, skipped 1 item (item 1 in line 1: the title is missing')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('with a key twice counts the last, with a lone half of a pair is text like any other', async () => {
    const { text } = await performImport('[{"title":"a","title":"z","body":"\\ud83d"}]')
    expect(text).toBe('Imported 1 post.')
    expect(await titles()).toEqual(['z'])
  })

  it('with an item of more than a million characters is passed over', async () => {
    const { text } = await performImport(
      `[{"title":"a","body":"${'x'.repeat(1_000_000)}"},{"title":"b","body":"b"}]`,
    )
    expect(text).toContain('skipped 1 item (item 1 in line 1: it is longer than 1,000,000 characters)')
  })

  it('of more than 50,000 items is refused', async () => {
    const { text } = await performImport(`[${'1,'.repeat(50_000)}1]`)
    expect(text).toContain('It has more than 50,000 items. Split it into smaller files.')
  })
})

describe('the items of a list', () => {
  it('are the same however the text is cut into chunks', async () => {
    const text = ' [ {"a":"]},\\"[" } ,\r\n1.5e3\r, "x\\\\" ,null,\n[[],{}]]\n'
    const whole = await items(text)
    expect(whole.map(({ text }) => text?.trim())).toEqual([
      '{"a":"]},\\"[" }',
      '1.5e3',
      '"x\\\\"',
      'null',
      '[[],{}]',
    ])
    expect(whole.map(({ line }) => line)).toEqual([1, 2, 3, 3, 4])
    for (let cut = 1; cut < text.length; cut += 1)
      expect(await items(text.slice(0, cut), text.slice(cut))).toEqual(whole)
    expect(await items(...text)).toEqual(whole)
  })
})

describe('the place of a fault', () => {
  it('is where JSON.parse stops as well, for what it refuses', () => {
    const good = '{"a": [1, -2.5e3, true, null, "x\\u00e9\\n"], "b": {}}'
    expect(jsonFault(good, { line: 1, column: 1 })).toEqual({ line: 1, column: good.length + 1 })
    for (let end = 1; end < good.length; end += 1) {
      const broken = `${good.slice(0, end)}\u0001${good.slice(end)}`
      expect(() => JSON.parse(broken)).toThrow()
      const { column } = jsonFault(broken, { line: 1, column: 1 })
      expect(column, broken).toBeLessThanOrEqual(end + 1)
      expect(column, broken).toBeGreaterThan(end - 10)
    }
    expect(jsonFault('{\n"a": 01}', { line: 5, column: 9 })).toEqual({ line: 6, column: 7 })
  })
})
