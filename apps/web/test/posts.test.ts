import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, ended, hiddenFields, messagesOn, testSite } from './client.ts'

const site = await testSite()
const HOUR = 60 * 60_000
const HOSTILE = '</title><script>alert(1)</script>"\'&\u202Eevil'

let alice: Browser
let bob: Browser
beforeAll(async () => {
  alice = site.browser()
  bob = site.browser()
  await alice.logIn('alice')
  await bob.logIn('bob')
})

const later = (ms = HOUR) => new Date(Math.ceil((Date.now() + ms) / 60_000) * 60_000)
const typed = (date: Date) => date.toISOString().slice(0, 16)
const plain = (page: { body: string }) => page.body.replace(/<code>.*?<\/code>/, '')

const TEXT = { title: 'A walk', body: 'It rained.', tags: 'walks, weather', when: 'now' }

/** Writes a post by the form, and gives its address. */
async function write(browser: Browser, fields: Record<string, string> = {}): Promise<string> {
  const { statusCode, headers } = await browser.submit('/posts/new', '/posts', { ...TEXT, ...fields })
  expect(statusCode).toBe(303)
  return String(headers.location)
}

const edit = (browser: Browser, path: string, fields: Record<string, string>) =>
  browser.submit(`${path}/edit`, path, { ...TEXT, ...fields })

const jobsOf = async () => (await site.jobs.list({ owner: site.alice.id })).length
const find = async (path: string) => site.blog.posts.find(path.replace('/posts/', ''))

describe('writing a post', () => {
  it('is offered to those who are logged in, and asks others to', async () => {
    expect((await alice.get('/')).body).toContain('href="/posts/new"')
    expect((await site.browser().get('/')).body).not.toContain('href="/posts/new"')
    const visitor = await site.browser().get('/posts/new')
    expect(visitor.headers.location).toBe('/login?next=%2Fposts%2Fnew')
  })

  it('now shows it to everybody, and says so once', async () => {
    const path = await write(alice, { body: 'One,\r\ntwo.\r\n\r\n\r\nThree.' })
    const page = (await alice.get(path)).body
    expect(messagesOn(page)).toEqual(['success: Your post is live.'])
    expect(page).toContain('<title>A walk – Tidings</title>')
    expect(page).toContain('<h1 dir="auto">A walk</h1>')
    expect(page).toContain('<p dir="auto">One,\ntwo.</p><p dir="auto">Three.</p>')
    expect(page).toContain('<li dir="auto">walks</li><li dir="auto">weather</li>')
    expect(page).toContain(`href="${path}/edit"`)
    expect(messagesOn((await alice.get(path)).body)).toEqual([])
    for (const reader of [bob, site.browser()]) {
      const seen = await reader.get(path)
      expect(seen.statusCode).toBe(200)
      expect(seen.body).toContain('by <bdi>alice</bdi>')
      expect(seen.body).not.toContain('/edit')
      expect((await reader.get('/')).body).toContain(`href="${path}"`)
    }
  })

  it('as a draft shows it to its author alone', async () => {
    const path = await write(alice, { when: 'draft', title: 'Only mine' })
    const page = (await alice.get(path)).body
    expect(messagesOn(page)).toEqual(['success: Your draft is saved.'])
    expect(page).toContain('Only you see this post.')
    const none = plain(await bob.get(`/posts/${randomUUID()}`))
    for (const reader of [bob, site.browser()]) {
      expect((await reader.get(path)).statusCode).toBe(404)
      expect((await reader.get('/')).body).not.toContain('Only mine')
    }
    expect(plain(await bob.get(path))).toBe(none)
    expect((await alice.get('/posts/mine')).body).toContain('Only mine')
    expect((await bob.get('/posts/mine')).body).not.toContain('Only mine')
  })

  it('for a time is a job of its author’s, and the post is theirs alone until then', async () => {
    const at = later()
    const path = await write(alice, { when: 'at', at: typed(at), title: 'Tomorrow' })
    const page = (await alice.get(path)).body
    expect(messagesOn(page)[0]).toMatch(/^success: It will be published on \d+ \w+ \d{4}, \d\d:\d\d UTC\.$/)
    expect(page).toContain(`<time datetime="${at.toISOString()}">`)
    expect((await bob.get(path)).statusCode).toBe(404)
    const post = await find(path)
    const job = (await alice.get(`/jobs/${post?.schedule?.job}`)).body
    expect(job).toContain('Publish a post')
    expect(job).toContain(`<dt>Time</dt><dd><time datetime="${at.toISOString()}">`)
    expect(job).toContain('Your job starts at its time. You may leave this page')
    expect(job).toContain('Tomorrow')
    expect((await alice.get('/jobs')).body).not.toContain('action="/jobs/publish-post"')
    expect((await alice.post('/jobs/publish-post', await alice.form('/jobs', '/jobs/demo'))).statusCode).toBe(
      404,
    )
  })

  it('by one form twice makes one post and one job, and with other text it is asked back', async () => {
    const form = await alice.form('/posts/new', '/posts')
    const fields: Record<string, string> = { ...TEXT, ...form, when: 'at', at: typed(later()) }
    const before = await jobsOf()
    const answers = await Promise.all([1, 2, 3].map(() => alice.post('/posts', fields)))
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1)
    expect(await jobsOf()).toBe(before + 1)
    const other = await alice.post('/posts', { ...fields, body: 'Something else' })
    expect(other.statusCode).toBe(422)
    expect(other.body).toContain('This form made a post before')
    expect(other.body).toContain('\nSomething else</textarea>')
    const again = hiddenFields(other.body, '/posts')
    expect(again.idempotencyKey).not.toBe(form.idempotencyKey)
    expect((await alice.post('/posts', { ...fields, ...again, body: 'Something else' })).statusCode).toBe(303)
  })

  it('needs the token of a form', async () => {
    expect((await alice.post('/posts', TEXT)).statusCode).toBe(403)
    const path = await write(alice)
    for (const action of [path, `${path}/delete`])
      expect((await alice.post(action, TEXT)).statusCode).toBe(403)
    expect(await find(path)).toMatchObject({ title: 'A walk' })
  })
})

describe('a form that can’t be right', () => {
  const bad: [string, Record<string, string>, string, string][] = [
    ['no title', { title: ' ' }, 'title', 'The title is missing.'],
    [
      'a title of 201 characters',
      { title: '🎈'.repeat(201) },
      'title',
      'The title is longer than 200 characters.',
    ],
    ['no text', { body: '\r\n' }, 'body', 'The body is missing.'],
    [
      'a text of 20,001 characters',
      { body: 'x'.repeat(20_001) },
      'body',
      'The body has 20,001 characters; 20,000 is the most.',
    ],
    ['11 tags', { tags: '1,2,3,4,5,6,7,8,9,10,11' }, 'tags', 'It has more than 10 tags.'],
    ['a tag of 41 characters', { tags: 'x'.repeat(41) }, 'tags', 'A tag is longer than 40 characters.'],
    ['no choice of when', { when: '' }, 'when', 'Choose when it is published.'],
    ['another choice of when', { when: '__proto__' }, 'when', 'Choose when it is published.'],
    ['no time', { when: 'at', at: '' }, 'at', 'Choose a date and a time.'],
    [
      'a time that is none',
      { when: 'at', at: '2026-02-30T10:00' },
      'at',
      'Write it like 2026-11-22 10:00, in UTC.',
    ],
    ['a time that is over', { when: 'at', at: '2026-01-01T10:00' }, 'at', 'Choose a time to come: it is '],
    ['a time in years', { when: 'at', at: '2999-01-01T10:00' }, 'at', 'Choose a time within a year.'],
  ]

  it.each(bad)(
    'for %s shows it again, with the reason and all that was typed',
    async (_title, fields, field, reason) => {
      const form = await alice.form('/posts/new', '/posts')
      const sent: Record<string, string> = { ...TEXT, ...fields }
      const { statusCode, body } = await alice.post('/posts', { ...form, ...sent })
      expect(statusCode).toBe(422)
      expect(body).toContain('<title>Error: Write a post – Tidings</title>')
      expect(body).toMatch(new RegExp(`<a href="#${field}">[^<]*: ${reason.replace('.', '\\.')}`))
      expect(body).toMatch(new RegExp(`id="${field}"[^>]*aria-describedby="[^"]*${field}-problem`))
      expect(body).toContain(`id="${field}-problem"`)
      expect(body).toContain(`name="title" value="${sent.title}"`)
      if (field !== 'body') expect(body).toContain('>\nIt rained.</textarea>')
      expect(body).toContain(`name="tags" value="${sent.tags}"`)
      expect(hiddenFields(body, '/posts').idempotencyKey).toBe(form.idempotencyKey)
      expect(messagesOn(body)).toEqual([])
    },
  )

  it('comes back with what was typed where one saves too often', async () => {
    const busy = await testSite({ config: { JOB_STARTS_PER_MINUTE: 2 } })
    const { browser } = await busy.user('busy')
    await write(browser)
    const draft = await write(browser, { when: 'draft' })
    for (const [page, action] of [
      ['/posts/new', '/posts'],
      [`${draft}/edit`, draft],
    ] as const) {
      const { statusCode, headers, body } = await browser.submit(page, action, { ...TEXT, title: 'Third' })
      expect(statusCode).toBe(429)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
      expect(body).toContain('That was more than one may save in a minute.')
      expect(body).toContain('value="Third"')
    }
    expect(await busy.blog.posts.find(draft.replace('/posts/', ''))).toMatchObject({ title: TEXT.title })
  })

  it('is 400 where no form of ours sends it', async () => {
    const form = await alice.form('/posts/new', '/posts')
    expect((await alice.post('/posts', { ...TEXT, ...form, idempotencyKey: 'a b' })).statusCode).toBe(400)
  })

  it('takes 20,000 emoji, and gives back a text that is five times too long', async () => {
    const path = await write(alice, { body: '🎈'.repeat(20_000), when: 'draft' })
    expect((await find(path))?.body).toHaveLength(40_000)
    const form = await alice.form('/posts/new', '/posts')
    const { statusCode, body } = await alice.post('/posts', { ...TEXT, ...form, body: 'x'.repeat(100_000) })
    expect(statusCode).toBe(422)
    expect(body).toContain('x'.repeat(100_000))
  })
})

describe('editing a post', () => {
  it('changes it, and keeps its date', async () => {
    const path = await write(alice)
    const before = await find(path)
    const form = (await alice.get(`${path}/edit`)).body
    expect(form).toContain('value="A walk"')
    expect(form).toContain('>\nIt rained.</textarea>')
    expect(form).toContain('value="walks, weather"')
    expect(form).not.toContain('name="when"')
    const saved = await edit(alice, path, { title: 'A long walk', tags: '' })
    expect(saved.headers.location).toBe(path)
    expect(messagesOn((await alice.get(path)).body)).toEqual(['success: Your changes are saved.'])
    expect(await find(path)).toEqual({ ...before, title: 'A long walk', tags: [] })
  })

  it('keeps its length where it was imported with more than a form takes', async () => {
    const path = await write(alice)
    const post = await find(path)
    if (post) await site.blog.posts.save({ ...post, body: 'x'.repeat(30_000) })
    expect((await edit(alice, path, { body: 'y'.repeat(30_000) })).statusCode).toBe(303)
    const longer = await edit(alice, path, { body: 'y'.repeat(30_001) })
    expect(longer.body).toContain('30,000 is the most')
  })

  it('to another time cancels the first job and says so, and both messages come together', async () => {
    const path = await write(alice, { when: 'at', at: typed(later()), title: 'Moved' })
    await alice.get('/')
    expect((await alice.get(`${path}/edit`)).body).toMatch(/value="at" checked/)
    await edit(alice, path, { when: 'at', at: typed(later(2 * HOUR)), title: 'Moved' })
    expect(messagesOn((await alice.get(path)).body)).toEqual([
      expect.stringMatching(/^info: “Moved” will not be published on .*, as you decided\.$/),
      expect.stringMatching(/^success: It will be published on /),
    ])
  })

  it('in two tabs loses neither text: who saves last is shown both, and asked', async () => {
    const path = await write(alice, { title: 'In two tabs', body: 'First text', when: 'draft' })
    const [one, two] = [await alice.form(`${path}/edit`, path), await alice.form(`${path}/edit`, path)]
    const mine = { title: 'In two <tabs>', body: 'My\r\ntext', tags: 'a, b', when: 'draft' }
    expect(
      (
        await alice.post(path, {
          ...one,
          title: 'In two tabs',
          body: 'Newer <text>',
          tags: 'c',
          when: 'draft',
        })
      ).statusCode,
    ).toBe(303)
    const refused = await alice.post(path, { ...two, ...mine })
    expect(refused.statusCode).toBe(409)
    expect(refused.body).toContain('It was changed after you had opened this form')
    const [newer = '', form = ''] = refused.body.split('<h2>Your version</h2>')
    expect(newer).toContain('Newer &lt;text&gt;</div>')
    expect(newer).toContain('<p class="typed" dir="auto">In two tabs</p>')
    expect(newer).toContain('<p class="typed" dir="auto">c</p>')
    expect(form).toContain('value="In two &lt;tabs&gt;"')
    expect(form).toContain('>\nMy\r\ntext</textarea>')
    expect(form).toContain('Save mine instead')
    expect(await find(path)).toMatchObject({ body: 'Newer <text>', tags: ['c'] })
    // One more change in between asks once more; after that it is what its author has chosen.
    const again = hiddenFields(refused.body, path)
    expect((await alice.post(path, { ...again, ...mine, version: 'x' })).statusCode).toBe(409)
    expect((await alice.post(path, { ...again, ...mine })).statusCode).toBe(303)
    expect(await find(path)).toMatchObject({ title: 'In two <tabs>', body: 'My\ntext', tags: ['a', 'b'] })
    expect((await alice.post(path, { ...again, ...mine })).statusCode, 'pressed twice').toBe(303)
    expect(
      (await alice.post(path, { ...mine, _csrf: again._csrf ?? '', body: 'x' })).statusCode,
      'of no version',
    ).toBe(409)
  })

  it('that was deleted in another tab keeps what was typed, and offers to make a new post of it', async () => {
    for (const when of ['draft', 'now']) {
      const path = await write(alice, { title: 'Not for long', when })
      const form = await alice.form(`${path}/edit`, path)
      await alice.submit(`${path}/delete`, `${path}/delete`)
      const fields = { title: 'Typed <for> hours', body: 'All\r\nof it', tags: 'a, b' }
      const gone = await alice.post(path, { ...form, ...fields, ...(when === 'draft' && { when: 'draft' }) })
      expect(gone.statusCode).toBe(404)
      expect(gone.body).toContain('perhaps it was deleted in another tab')
      expect(gone.body).toContain('value="Typed &lt;for&gt; hours"')
      expect(gone.body).toContain('>\nAll\r\nof it</textarea>')
      expect(gone.body).toContain('value="draft" checked')
      const saved = await alice.post('/posts', {
        ...hiddenFields(gone.body, '/posts'),
        ...fields,
        when: 'draft',
      })
      expect(saved.statusCode).toBe(303)
      expect(await find(String(saved.headers.location))).toMatchObject({
        title: fields.title,
        body: 'All\nof it',
      })
      expect(await find(path)).toBeUndefined()
      // Somebody else's looks the same, and nothing can be learnt of one by an empty form.
      const token = await bob.form('/posts/new', '/posts')
      const key = /(name="(?:_csrf|idempotencyKey)" value=")[^"]*/g
      const [foreign, none] = [await write(alice), '/posts/none'].map(async action =>
        (await bob.post(action, { ...TEXT, ...token })).body.replace(key, '$1'),
      )
      expect(await foreign).toBe(await none)
      expect((await bob.post(path, { _csrf: token._csrf ?? '' })).body).toContain('This page is not here')
    }
  })

  it('in two tabs does not take a time back silently, nor does its publication stand in the way', async () => {
    const path = await write(alice, { title: 'Timed', body: 'x', when: 'at', at: typed(later()) })
    const old = await alice.form(`${path}/edit`, path)
    await edit(alice, path, { title: 'Timed', body: 'x', when: 'at', at: typed(later(2 * HOUR)) })
    const fields = { title: 'Timed', body: 'y', when: 'at', at: typed(later()) }
    expect((await alice.post(path, { ...old, ...fields })).statusCode).toBe(409)
    const form = await alice.form(`${path}/edit`, path)
    const post = await find(path)
    if (post) await site.blog.posts.save({ ...post, publishedAt: new Date() })
    expect((await alice.post(path, { ...form, title: 'Timed', body: 'y', when: 'draft' })).statusCode).toBe(
      303,
    )
    expect(await find(path)).toMatchObject({ body: 'y', publishedAt: expect.any(Date) })
  })

  it('says where its job was cancelled, and schedules it anew', async () => {
    const at = typed(later())
    const path = await write(alice, { when: 'at', at })
    await alice.submit(
      `/jobs/${(await find(path))?.schedule?.job}`,
      `/jobs/${(await find(path))?.schedule?.job}/cancel`,
    )
    expect((await alice.get(path)).body).toContain('choose a time again')
    await edit(alice, path, { when: 'at', at })
    expect((await alice.get(path)).body).toContain('It will be published on')
  })

  it('and deleting it is its author’s alone: to others it isn’t there', async () => {
    const path = await write(alice)
    const token = await bob.form('/posts/new', '/posts')
    const none = plain(await bob.get('/posts/none/edit'))
    for (const page of [`${path}/edit`, `${path}/delete`]) {
      expect((await bob.get(page)).statusCode).toBe(404)
      expect(plain(await bob.get(page))).toBe(none)
      expect((await site.browser().get(page)).statusCode).toBe(303)
    }
    for (const action of [path, `${path}/delete`])
      expect((await bob.post(action, { ...TEXT, ...token, body: 'Bob' })).statusCode).toBe(404)
    expect(await find(path)).toMatchObject({ body: 'It rained.' })
  })
})

describe('deleting a post', () => {
  it('asks first, and takes it from everywhere', async () => {
    const path = await write(alice, { title: 'Short-lived' })
    const page = (await alice.get(`${path}/delete`)).body
    expect(page).toContain('Short-lived')
    expect(await find(path)).toBeDefined()
    const form = hiddenFields(page, `${path}/delete`)
    const answer = await alice.post(`${path}/delete`, form)
    expect(answer.headers.location).toBe('/posts/mine')
    const mine = (await alice.get('/posts/mine')).body
    expect(messagesOn(mine)).toEqual(['success: The post is deleted.'])
    expect(mine).not.toContain('Short-lived')
    expect((await site.browser().get('/')).body).not.toContain('Short-lived')
    expect((await alice.get(path)).statusCode).toBe(404)
    expect((await alice.post(`${path}/delete`, form)).statusCode).toBe(404)
    expect(messagesOn((await alice.get('/')).body)).toEqual([])
  })
})

describe('one’s own posts', () => {
  it('are listed by pages, drafts first', async () => {
    const { browser, id } = await site.user('prolific')
    const one = { title: 'x', body: 'x', tags: [], author: 'prolific', authorId: id }
    await site.blog.posts.saveNew(
      Array.from({ length: 25 }, (_, n) => ({
        ...one,
        id: `own-${n}`,
        title: `Own ${n}`,
        publishedAt: new Date(n),
      })),
    )
    await write(browser, { when: 'draft', title: 'A draft' })
    const titles = (html: string) =>
      [...html.matchAll(/<div class="what"><a[^>]*><bdi>([^<]*)</g)].map(([, title]) => title)
    const first = (await browser.get('/posts/mine')).body
    expect(titles(first)).toHaveLength(20)
    expect(titles(first).slice(0, 2)).toEqual(['A draft', 'Own 24'])
    expect(first).toContain('href="/posts/mine?page=2" rel="next"')
    expect(titles((await browser.get('/posts/mine?page=2')).body)).toHaveLength(6)
    expect((await browser.get('/posts/mine?page=3')).statusCode).toBe(404)
  })
})

describe('what somebody wrote', () => {
  it('is printed as text wherever it stands', async () => {
    const path = await write(alice, { title: HOSTILE, body: HOSTILE, tags: HOSTILE, when: 'draft' })
    const refused = await alice.submit('/posts/new', '/posts', { ...TEXT, title: HOSTILE, body: '' })
    const pages = [await alice.get(path), refused]
    for (const page of [`${path}/edit`, `${path}/delete`, '/posts/mine']) pages.push(await alice.get(page))
    for (const { body } of pages) {
      expect(body).toContain('&lt;script&gt;alert')
      expect(body).not.toContain('<script>')
      expect(body.split('</title>')).toHaveLength(2)
    }
    expect(await find(path)).toMatchObject({ title: HOSTILE.replace('\u202E', '') })
  })
})

describe('when its time has come', () => {
  const worker = site.jobs.work({ concurrency: 1 })
  afterAll(async () => (await worker).close({ force: true }))

  it('a post is there for everybody, and its author is told with a link', async () => {
    const { browser } = await site.user('patient')
    const path = await write(browser, { when: 'at', at: typed(new Date()), title: 'On time' })
    const { schedule } = (await find(path)) ?? {}
    expect(await ended(browser, `/jobs/${schedule?.job}`)).toContain('data-state="completed"')
    await expect.poll(async () => (await site.browser().get(path)).statusCode).toBe(200)
    const front = (await browser.get('/')).body
    expect(messagesOn(front)).toContain('success: Your post “On time” is live.')
    expect(front).toContain(`<a href="${path}">Read it</a>`)
  })
})
