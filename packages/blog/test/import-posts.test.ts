import { randomUUID } from 'node:crypto'
import { performJob } from '@tidings/jobs/testing'
import { LEVELS } from '@tidings/messages'
import { beforeEach, describe, expect, it } from 'vitest'
import { jobContext, testBlog } from './helper.ts'

const { blog, jobs, alice, bob, upload, published, forgetPosts } = await testBlog()
beforeEach(forgetPosts)

async function performImport(content: string | Buffer) {
  const { outcome, result, message } = await performJob(jobs.importPosts, await upload(content), {
    owner: alice.id,
    jobId: randomUUID(),
  })
  return { outcome, result, level: message.level, text: message.text, link: message.link }
}

const titles = async () => (await published()).map(({ title }) => title)

describe('an import of good rows', () => {
  it('stores them as posts of the owner and ends in SUCCESS', async () => {
    const { level, text, result } = await performImport(
      'title,body,published_at,tags\n"One, two","He said ""hi"".\nTwice.",2026-03-01,"news; Fun, news"\nThree,Four,2026-02-01T10:00:00+01:00,\n',
    )
    expect({ level, text }).toEqual({ level: LEVELS.SUCCESS, text: 'Imported 2 posts.' })
    expect(result).toEqual({ imported: 2, skipped: 0, problems: [] })
    const by = { author: 'alice', authorId: alice.id, id: expect.stringMatching(/^[\da-f-]{36}$/) }
    expect(await published()).toEqual([
      {
        ...by,
        title: 'One, two',
        body: 'He said "hi".\nTwice.',
        publishedAt: new Date('2026-03-01T00:00:00Z'),
        tags: ['news', 'Fun'],
      },
      { ...by, title: 'Three', body: 'Four', publishedAt: new Date('2026-02-01T09:00:00Z'), tags: [] },
    ])
  })

  it('counts to one in the singular and past a thousand with a comma', async () => {
    expect((await performImport('title,body\na,b\n')).text).toBe('Imported 1 post.')
    expect((await performImport(`title,body\n${'a,b\n'.repeat(1214)}`)).text).toBe('Imported 1,214 posts.')
    expect(await published()).toHaveLength(1215)
  })

  it('takes columns in any order, in any case, with others between', async () => {
    const { text } = await performImport('\uFEFFid, Body ,mood,TITLE\r\n7,the body,fine,the title\r\n')
    expect(text).toBe('Imported 1 post.')
    expect(await published()).toMatchObject([{ title: 'the title', body: 'the body', tags: [] }])
  })

  it('publishes posts without a date now, in the order of the file', async () => {
    const before = Date.now()
    await performImport(`title,body\n${Array.from({ length: 250 }, (_, n) => `t${n},b\n`).join('')}`)
    expect(await titles()).toEqual(Array.from({ length: 250 }, (_, n) => `t${n}`))
    const { publishedAt } = (await published())[0] ?? {}
    expect(publishedAt?.getTime()).toBeGreaterThanOrEqual(before)
  })

  it('takes a date in the future and lists the post when it has come', async () => {
    expect((await performImport('title,body,published_at\na,b,2999-01-01\n')).text).toBe('Imported 1 post.')
    expect(await titles()).toEqual([])
  })

  it('strips control characters, and from titles what turns the direction of writing', async () => {
    await performImport('title,body\n"a\x1b[31m\u202Eb\nc","x\x07\ty\r\nz\x7f"\n')
    expect(await published()).toMatchObject([{ title: 'a[31mb c', body: 'x\ty\nz' }])
  })

  it('keeps hostile text as text', async () => {
    await performImport('title,body\n<script>alert(1)</script>,"{{7*7}} & __proto__"\n')
    expect(await published()).toMatchObject([
      { title: '<script>alert(1)</script>', body: '{{7*7}} & __proto__' },
    ])
  })

  it('takes exactly 50,000 rows', async () => {
    const { text } = await performImport(`title,body\n${'a,b\n'.repeat(50_000)}`)
    expect(text).toBe('Imported 50,000 posts.')
    expect((await blog.posts.list()).total).toBe(50_000)
  }, 60_000)
})

describe('an import of good and bad rows', () => {
  it('stores the good ones and ends in WARNING: how many, in which lines they start, and why', async () => {
    const content =
      'title,body,published_at\r\n"a","1\r\n2\r\n3",\r\n,no title,\r\nb,ok,\r\nc,,\r\nd,ok,tomorrow\r\ne,ok,,f\r\n'
    const { level, text, result, link } = await performImport(content)
    expect(level).toBe(LEVELS.WARNING)
    expect(text).toBe(
      'Imported 2 posts, skipped 4 rows (line 5: the title is missing; line 7: the body is missing; ' +
        'line 8: “tomorrow” is no date like 2026-11-22 or 2026-11-22T10:00:00Z; ' +
        'line 9: it has 4 cells, the header row 3 (a text with a comma in it needs quotes around it)).',
    )
    expect(result).toMatchObject({ imported: 2, skipped: 4 })
    expect(link).toMatchObject({ href: expect.stringMatching(/^\/jobs\/./) })
    expect(await titles()).toEqual(['a', 'b'])
  })

  it('names the first five in the message, a hundred in the result, and counts all', async () => {
    const { text, result } = await performImport(`title,body\na,b\n${'x\n'.repeat(150)}`)
    expect(text).toMatch(
      /^Imported 1 post, skipped 150 rows \(line 3: .*; line 7: the body is missing; and 145 more\)\.$/,
    )
    const { problems } = result as { problems: { line: number; reason: string }[] }
    expect(problems).toHaveLength(100)
    expect(problems.at(-1)).toEqual({ line: 102, reason: 'the body is missing' })
  })

  it.each([
    ['a title of 201 characters', `${'x'.repeat(201)},b,,`, 'the title is longer than 200 characters'],
    ['a title of control characters', '\x01\x02,b,,', 'the title is missing'],
    [
      'a body of 100,001 characters',
      `a,${'x'.repeat(100_001)},,`,
      'the body is longer than 100,000 characters',
    ],
    ['a body of line breaks', 'a,"\n\n",,', 'the body is missing'],
    ['neither title nor body', ',,2026-01-01,', 'the title is missing, the body is missing'],
    ['a date that is none', 'a,b,2026-02-30,', '“2026-02-30” is no date like'],
    ['a date as people write it', 'a,b,22.11.2026,', '“22.11.2026” is no date like'],
    [
      'a long hostile date',
      `a,b,"${'<b>\n'.repeat(30)}",`,
      '“<b> <b> <b> <b> <b> <b> <b> <b> <b> <b> …” is no date',
    ],
    ['11 tags', 'a,b,,1;2;3;4;5;6;7;8;9;10;11', 'it has more than 10 tags'],
    ['a tag of 41 characters', `a,b,,${'x'.repeat(41)}`, 'a tag is longer than 40 characters'],
  ])('refuses %s', async (_title, row, reason) => {
    const { text } = await performImport(`title,body,published_at,tags\nok,ok,,\n${row}\n`)
    expect(text).toContain(`Imported 1 post, skipped 1 row (line 3: ${reason}`)
  })

  it.each([
    ['a title of 200 emoji', `${'🎈'.repeat(200)},b,,`],
    ['a body of 100,000 characters', `a,${'x'.repeat(100_000)},,`],
    ['10 tags of 40 characters', `a,b,,${Array.from({ length: 10 }, (_, n) => `${n}`.repeat(40)).join(';')}`],
    ['a date-time with a space, seconds or not', 'a,b,2026-01-01 10:00,'],
    ['a row that leaves out what is optional', 'a,b'],
    ['a row with empty cells at its end', 'a,b,,,,,'],
  ])('takes %s', async (_title, row) => {
    expect((await performImport(`title,body,published_at,tags\n${row}\n`)).text).toBe('Imported 1 post.')
  })

  it('reads a time without an offset as UTC', async () => {
    await performImport('title,body,published_at\na,b,2026-01-01T10:00\nc,d,2026-01-01T09:00:00.5-02:00\n')
    const times = (await published()).map(({ publishedAt }) => publishedAt.toISOString())
    expect(times).toEqual(['2026-01-01T11:00:00.500Z', '2026-01-01T10:00:00.000Z'])
  })
})

describe('an import that fails', () => {
  it.each([
    ['an empty file', '', 'The file is empty.'],
    ['empty lines alone', '\n\n\r\n', 'The file is empty.'],
    ['a header alone', 'title,body\n', 'It has a header row, but no rows below it.'],
    [
      'no header',
      'My day,It was fine\n',
      'Its first row must name the columns, and “title” and “body” are missing. It begins with “My day, It was fine”.',
    ],
    ['no body column', 'title,text\na,b\n', 'Its first row must name the columns, and “body” is missing.'],
    [
      'semicolons',
      'title;body\na;b\n',
      'Its first row must name the columns, and “title” and “body” are missing. It begins with “title;body”: separate the columns with commas.',
    ],
    ['a column twice', 'title,body,Title\na,b,c\n', 'It has two columns called “title”.'],
    ['one bad row', 'title,body\na,\n', 'Its only row is no post (line 2: the body is missing).'],
    [
      'bad rows alone',
      'title,body\na,\n\n,b\n',
      'None of its 2 rows is a post (line 2: the body is missing; line 4: the title is missing).',
    ],
    [
      'Latin-1',
      Buffer.from('title,body\ncaf\u00e9,x\n', 'latin1'),
      'It is not UTF-8 text. Save it as “CSV UTF-8”',
    ],
    ['UTF-16', Buffer.from('\uFEFFtitle,body\n', 'utf16le'), 'It is UTF-16 text.'],
    ['NUL bytes', 'title,body\na,\0\n', 'It holds binary data, so it is no CSV file.'],
    ['a spreadsheet', 'PK\x03\x04', 'It is a ZIP archive or a spreadsheet, not CSV.'],
    [
      'broken quoting after good rows',
      'title,body\na,b\nc,"d\ne,f\n',
      'The row that starts in line 3 has a quote (") that is never closed',
    ],
  ])('says why for %s, and stores nothing', async (_title, content, reason) => {
    const { level, text } = await performImport(content)
    expect(level).toBe(LEVELS.ERROR)
    expect(text).toContain(`The import of “posts.csv” failed. ${reason}`)
    expect(await titles()).toEqual([])
  })

  it('says why for 50,001 rows', async () => {
    const { text } = await performImport(`title,body\n${'a,b\n'.repeat(50_001)}`)
    expect(text).toBe(
      'The import of “posts.csv” failed. It has more than 50,000 rows. Split it into smaller files.',
    )
    expect(await titles()).toEqual([])
  }, 60_000)

  it('takes a file of 10 MB and refuses one that is a byte larger', async () => {
    const row = `a,${'x'.repeat(99_997)}\n`
    const rows = row.repeat(104)
    const fill = (bytes: number) => `title,body\n${rows}b,${'y'.repeat(bytes - rows.length - 14)}\n`
    expect((await performImport(fill(10 * 1024 * 1024))).text).toBe('Imported 105 posts.')
    expect((await performImport(fill(10 * 1024 * 1024 + 1))).text).toBe(
      'The import of “posts.csv” failed. The file is larger than 10 MB. Split it in two.',
    )
  }, 30_000)

  it('says that a file is gone, also when it is somebody else’s', async () => {
    const text = 'The import of “posts.csv” failed. The file is not there any more. Upload it again.'
    for (const input of [{ file: 'gone', name: 'posts.csv' }, await upload('title,body\na,b\n', bob.id)]) {
      const { message } = await performJob(jobs.importPosts, input, { owner: alice.id })
      expect(message).toMatchObject({ level: LEVELS.ERROR, text })
    }
  })

  it('shows the file’s name on one line, cut when it is long', async () => {
    const input = { file: 'gone', name: `<b>a\n\u202Eb${'c'.repeat(300)}` }
    const { message } = await performJob(jobs.importPosts, input, { owner: alice.id })
    expect(message.text).toMatch(/^The import of “<b>a bc{34}…” failed\. /)
  })
})

describe('an import that runs twice', () => {
  const content = `title,body\n${Array.from({ length: 1000 }, (_, n) => `t${n},${'b'.repeat(600)}\n`).join('')}`

  it('imports nothing twice', async () => {
    const context = jobContext(await upload(content), { owner: alice.id })
    await jobs.importPosts.run(context)
    const first = await published()
    expect(await jobs.importPosts.run({ ...context, attempt: 2 })).toMatchObject({ imported: 1000 })
    expect(await published()).toEqual(first)
  })

  it('imports nothing twice after it was stopped half way', async () => {
    const stop = new AbortController()
    const context = jobContext(await upload(content), { owner: alice.id, signal: stop.signal })
    const progress = async (percent: unknown) => {
      if (Number(percent) > 80) stop.abort()
    }
    await expect(jobs.importPosts.run({ ...context, progress })).rejects.toThrow('aborted')
    const partly = await published()
    expect(partly.length).toBeGreaterThan(0)
    expect(partly.length).toBeLessThan(1000)
    await jobs.importPosts.run({ ...context, signal: new AbortController().signal })
    const all = await published()
    expect(all).toHaveLength(1000)
    expect(all).toEqual(expect.arrayContaining(partly))
  })

  it('leaves a post alone that was edited meanwhile', async () => {
    const context = jobContext(await upload('title,body\na,b\n'), { owner: alice.id })
    await jobs.importPosts.run(context)
    const [post] = await published()
    if (post) await blog.posts.save({ ...post, title: 'edited' })
    await jobs.importPosts.run(context)
    expect(await titles()).toEqual(['edited'])
  })

  it('imports the same file again when a new job is started', async () => {
    const input = await upload('title,body\na,b\n')
    await jobs.importPosts.run(jobContext(input, { owner: alice.id, jobId: 'job-1' }))
    await jobs.importPosts.run(jobContext(input, { owner: alice.id, jobId: 'job-2' }))
    expect(await titles()).toEqual(['a', 'a'])
  })

  it('says how far it is, and stops at once when it is told to', async () => {
    const percents: number[] = []
    const input = await upload(content)
    const progress = async (percent: unknown) => void percents.push(Number(percent))
    await jobs.importPosts.run(jobContext(input, { owner: alice.id, progress }))
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.at(-1)).toBe(100)
    expect(percents).toContain(50)
    const signal = AbortSignal.abort()
    await forgetPosts()
    await expect(jobs.importPosts.run(jobContext(input, { owner: alice.id, signal }))).rejects.toThrow(
      'aborted',
    )
    expect(await titles()).toEqual([])
  })
})
