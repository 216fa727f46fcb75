import { withPage } from '@tidings/blog'
import { defineJob } from '@tidings/jobs'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jobKinds } from '../src/job-kinds/index.ts'
import { ended, multipart, testSite } from './client.ts'

/** Has a field of every kind, and what nobody is asked for. */
const everything = withPage(
  defineJob({
    name: 'try-everything',
    title: 'Try everything',
    input: z
      .object({
        word: z.string().trim().min(2).max(10).meta({ title: 'Word', description: 'One that you like.' }),
        mail: z.email().optional(),
        text: z.string().max(50).meta({ title: 'Some lines' }).default(''),
        count: z.int().min(1).max(9),
        price: z.number().gt(0).multipleOf(0.5).optional(),
        size: z.enum(['s', 'm', 'l', 'xl']),
        colour: z.enum(['red', 'blue']).default('blue'),
        day: z.iso.date(),
        at: z.coerce.date().min(new Date('2026-01-01T00:00:00Z')).meta({ title: 'Moment' }),
        isLoud: z.boolean().default(false),
        agreed: z.literal(true).meta({ title: 'I mean it' }),
        picture: z.string().meta({ title: 'Picture' }).optional(),
        pictureName: z.string().optional(),
        user: z.string(),
      })
      .refine(({ colour, count }) => colour !== 'red' || count < 9, {
        error: 'There are no nine red ones.',
        path: ['count'],
      }),
    run: async ({ input, owner }) => ({ isOwn: input.user === owner, input: JSON.stringify(input) }),
    messages: { success: ({ input }) => `Tried ${input.word}.` },
  }),
  {
    form: { about: 'Has a field of every kind.', button: 'Try it' },
    fields: {
      text: { lines: 4 },
      size: { options: { s: 'Small', m: 'Medium' } },
      picture: { upload: { accept: ['.png'], maxBytes: 2048, nameIn: 'pictureName' } },
      user: { filledIn: ({ owner }) => owner },
    },
    result: result => {
      const { data } = z.object({ isOwn: z.boolean(), input: z.string() }).safeParse(result)
      return data && { facts: [{ term: 'Given', value: `${data.isOwn} ${data.input}` }] }
    },
  },
)

const site = await testSite({ more: { everything } })
const worker = await site.jobs.work({ concurrency: 1 })
afterAll(() => worker.close({ force: true }))

const ACTION = '/jobs/try-everything'
const RIGHT = {
  word: 'tidings',
  mail: '',
  text: 'one\r\ntwo',
  count: '3',
  price: '1.5',
  size: 'm',
  colour: 'red',
  day: '2026-11-22',
  at: '2026-11-22T10:00',
  isLoud: 'on',
  agreed: 'on',
}
const PICTURE = { name: 'a.png', content: 'not really' }

describe('a job that was added to the definitions', () => {
  it('has a form with a field for each thing that it asks, and none for what the server knows', async () => {
    const { browser } = await site.user('reader')
    const form = formOn((await browser.get('/jobs')).body)
    for (const field of [
      '<input type="text" value="" maxlength="10" dir="auto" autocomplete="off" id="try-everything-word" name="word" aria-describedby="try-everything-word-hint" required="required"/>',
      '<input type="email" value="" maxlength="1000" dir="auto" autocomplete="off" id="try-everything-mail" name="mail"/>',
      '<textarea rows="4" maxlength="50" dir="auto" id="try-everything-text" name="text">',
      '<input type="number" value="" min="1" max="9" step="1" autocomplete="off" id="try-everything-count" name="count" required="required"/>',
      '<input type="number" value="" min="0" step="0.5" autocomplete="off" id="try-everything-price" name="price"/>',
      '<select id="try-everything-size" name="size" required="required"><option value="" selected="selected">Choose one</option><option value="s">Small</option><option value="m">Medium</option><option value="l">L</option>',
      '<input type="radio" name="colour" value="blue" checked="checked"/>Blue',
      '<input type="date" value="" autocomplete="off" id="try-everything-day" name="day" required="required"/>',
      '<label for="try-everything-at">Moment (<span data-zone="data-zone">UTC</span>)</label><input type="datetime-local" value=""',
      '<input type="checkbox" value="on" autocomplete="off" id="try-everything-isLoud" name="isLoud"/>Is loud',
      '<input type="checkbox" value="on" autocomplete="off" id="try-everything-agreed" name="agreed" required="required"/>I mean it',
      '<input type="file" accept=".png" id="try-everything-picture" name="picture"/>',
      '<small id="try-everything-word-hint">One that you like.</small>',
      '<button type="submit">Try it</button>',
      'Has a field of every kind.',
    ])
      expect(form).toContain(field)
    expect(form).not.toMatch(/name="(user|pictureName)"/)
  })

  it('starts by it, is told of on its page, and stands in the lists', async () => {
    const { browser, id } = await site.user('starter')
    const fields = { ...RIGHT, user: 'somebody-else', pictureName: 'forged' }
    const started = await browser.upload('/jobs', ACTION, PICTURE, fields)
    expect(started.statusCode, 'the file is in a field of another name').toBe(303)
    const page = await ended(browser, String(started.headers.location))
    expect(page).toMatch(/<dt>Size<\/dt><dd><bdi class="typed">Medium<\/bdi>/)
    expect(page).toMatch(
      /<dt>Moment<\/dt><dd><time datetime="2026-11-22T10:00:00.000Z">22 Nov 2026, 10:00 UTC<\/time>/,
    )
    expect(page).toMatch(/<dt>I mean it<\/dt><dd><bdi class="typed">Yes<\/bdi>/)
    expect(page).toMatch(/<dt>Given<\/dt><dd>true /)
    const [job] = await site.jobs.list({ owner: id })
    expect(job?.input).toEqual({
      word: 'tidings',
      text: 'one\ntwo',
      count: 3,
      price: 1.5,
      size: 'm',
      colour: 'red',
      day: '2026-11-22',
      at: '2026-11-22T10:00:00.000Z',
      isLoud: true,
      agreed: true,
      user: id,
    })
    const list = (await browser.get('/jobs')).body
    expect(list).toContain('href="/jobs?kind=try-everything#own"')
    expect(list).toMatch(/<a href="\/jobs\/[\w-]{22}">Try everything<\/a> <bdi dir="auto">tidings<\/bdi>/)

    const again = await browser.submit(String(started.headers.location), `${started.headers.location}/again`)
    expect(await ended(browser, String(again.headers.location))).toContain('data-state="completed"')
  })

  it('takes a file, keeps it for its owner, and is started once by the same form', async () => {
    const { browser, id } = await site.user('uploader')
    const form = { ...(await browser.form('/jobs', ACTION)), ...RIGHT }
    const send = (content: string) =>
      browser.send({ method: 'POST', url: ACTION, ...inField('picture', form, { name: 'my.png', content }) })
    const first = await send('a picture')
    expect(first.statusCode, first.body).toBe(303)
    expect((await send('a picture')).headers.location).toBe(first.headers.location)
    expect((await send('another')).body).toContain('sent before, with other values')
    const [job] = await site.jobs.list({ owner: id })
    const { picture, pictureName } = z
      .object({ picture: z.string(), pictureName: z.string() })
      .parse(job?.input)
    expect(pictureName).toBe('my.png')
    expect(await site.blog.files.find(picture)).toMatchObject({ owner: id, size: 9, name: 'my.png' })
    for (const [name, content, reason] of [
      ['my.gif', 'x', 'Choose a file whose name ends in .png.'],
      ['my.png', 'x'.repeat(2049), 'Choose a file of at most 2 kB.'],
      ['my.png', '', 'The file is empty.'],
    ] as const) {
      const refused = await browser.send({
        method: 'POST',
        url: ACTION,
        ...inField('picture', form, { name, content }),
      })
      expect([refused.statusCode, problemOn(refused.body, 'picture')]).toEqual([422, reason])
    }
  })

  it.each([
    ['word', '', 'Fill this in.'],
    ['word', 'x', 'Use at least 2 characters.'],
    ['word', 'x'.repeat(11), 'Use 10 characters at most.'],
    ['mail', '<b>', 'Write an e-mail address, such as ada@example.org.'],
    ['text', 'x'.repeat(51), 'Use 50 characters at most.'],
    ['count', '', 'Use a whole number from 1 to 9.'],
    ['count', '1.5', 'Use a whole number from 1 to 9.'],
    ['count', '0x2', 'Use a whole number from 1 to 9.'],
    ['count', '10', 'Use a whole number from 1 to 9.'],
    ['count', '9', 'There are no nine red ones.'],
    ['price', '0.7', 'Use a number of at least 0, in steps of 0.5.'],
    ['size', '', 'Choose one of these.'],
    ['size', '__proto__', 'Choose one of these.'],
    ['colour', 'green', 'Choose one of these.'],
    ['day', '2026-02-30', 'Choose a date, or write it like 2026-11-22.'],
    ['at', 'tomorrow', 'Write it like 2026-11-22 10:00, in UTC.'],
    ['at', '2025-12-31T23:59', 'Choose a time that is not before 1 Jan 2026, 00:00 UTC.'],
    ['agreed', '', 'Tick this to go on.'],
  ])('says at its field what is wrong: %s “%s”', async (name, value, reason) => {
    const browser = site.browser()
    await browser.logIn('alice')
    const form = await browser.form('/jobs', ACTION)
    const { agreed, ...right } = RIGHT
    const fields = {
      ...form,
      ...right,
      ...(name !== 'agreed' && { agreed }),
      ...(value && { [name]: value }),
    }
    if (value === '') Reflect.deleteProperty(fields, name)
    const { statusCode, body } = await browser.post(ACTION, fields)
    expect(statusCode).toBe(422)
    expect(problemOn(body, name)).toBe(reason)
    const shown = formOn(body)
    const label = /<div class="problem" role="alert" tabindex="-1" autofocus="autofocus">.*?<\/div>/s.exec(
      shown,
    )?.[0]
    expect(label).toContain(`<li><a href="#try-everything-${name}">`)
    expect(label?.match(/<li>/g)).toHaveLength(1)
    const at = new RegExp(`<[^>]*id="try-everything-${name}"[^>]*>`).exec(shown)?.[0]
    if (name === 'colour') expect(shown.match(/name="colour"[^>]*aria-invalid="true"/g)).toHaveLength(2)
    else expect(at).toContain('aria-invalid="true"')
    expect(at).toMatch(new RegExp(`aria-describedby="[^"]*try-everything-${name}-problem"`))
    // What was typed elsewhere is kept.
    if (name !== 'word') expect(shown).toContain('value="tidings"')
    if (name !== 'at') expect(shown).toContain('value="2026-11-22T10:00"')
    if (name !== 'size') expect(shown).toContain('<option value="m" selected="selected">')
    if (name !== 'text') expect(shown).toContain('>\none\r\ntwo</textarea>')
    expect(shown).toMatch(/checked="checked"[^>]*name="isLoud"/)
    expect(shown).toContain(`value="${form.idempotencyKey}"`)
  })

  it('takes a time in its reader’s zone, and says so where there is none such', async () => {
    const { browser, id } = await site.user('zoned')
    const form = { ...(await browser.form('/jobs', ACTION)), ...RIGHT, zone: 'Europe/Berlin' }
    const refused = await browser.post(ACTION, { ...form, at: '2027-03-28T02:30' })
    expect(problemOn(refused.body, 'at')).toMatch(/^There is no 02:30 on 28 March 2027 in Europe\/Berlin/)
    expect(formOn(refused.body)).toContain('<input type="hidden" name="zone" value="Europe/Berlin"')
    expect(formOn(refused.body)).toContain('Moment (<span data-zone="data-zone">in Europe/Berlin</span>)')
    expect(formOn(refused.body)).toContain('value="2027-03-28T02:30"')
    expect((await browser.post(ACTION, form)).statusCode).toBe(303)
    expect((await site.jobs.list({ owner: id }))[0]?.input).toMatchObject({ at: '2026-11-22T09:00:00.000Z' })
  })

  it('keeps what was taken away, and gives back what is far too long', async () => {
    const { browser, id } = await site.user('unticked')
    const form = await browser.form('/jobs', ACTION)
    const { isLoud: _, ...right } = RIGHT
    const { body } = await browser.post(ACTION, { ...form, ...right, word: '', text: '漢'.repeat(15_000) })
    expect(problemOn(body, 'text')).toBe('Use 50 characters at most.')
    expect(formOn(body)).toContain(`\n${'漢'.repeat(15_000)}</textarea>`)
    expect(formOn(body)).not.toMatch(/checked="checked"[^>]*name="isLoud"/)
    expect(await site.jobs.list({ owner: id })).toEqual([])
  })
})

describe('definitions of which no form can be made', () => {
  const messages = { success: () => 'Done.' }
  const run = async () => undefined
  const parts = { jobs: site.jobs, files: site.blog.files }
  const job = (input: z.ZodType) => defineJob({ name: 'odd', input, run, messages })

  it('are refused by job and field, with what was expected', () => {
    const odd = withPage(
      job(
        z.object({
          tags: z.array(z.string()),
          large: z.bigint(),
          either: z.union([z.string(), z.number()]),
          owner: z.string(),
          picture: z.number(),
          size: z.enum(['s']),
        }),
      ),
      {
        form: {},
        fields: {
          picture: { upload: { accept: [], maxBytes: 1 } },
          size: { options: { m: 'Medium' } },
          none: {},
        } as object,
      },
    )
    const fault = caught(() => jobKinds({ ...parts, definitions: [odd] }))
    const kinds = 'expected text (z.string), a number (z.number), a choice (z.enum), a date'
    expect(fault).toContain(`Job "odd", field "tags": ${kinds}`)
    expect(fault).toMatch(/field "tags": .*; got array/)
    expect(fault).toMatch(/field "large": .*; got bigint/)
    expect(fault).toMatch(/field "either": .*; got union/)
    expect(fault).toContain('field "owner": expected `filledIn`')
    expect(fault).toContain('field "picture": expected z.string() beside `upload`')
    expect(fault).toContain('field "size": expected options and an initial value out of s; got m')
    expect(fault).toContain('field "none": expected one of tags, large,')
  })

  it('are those that don’t say how they are met, have no object, or two files', () => {
    const upload = { upload: { accept: [], maxBytes: 1 } }
    const two = withPage(job(z.object({ a: z.string(), b: z.string() })), {
      form: {},
      fields: { a: upload, b: { upload: { accept: [], maxBytes: 1e9 } } } as object,
    })
    const bare = job(z.object({})) as unknown as typeof everything
    const text = withPage(job(z.string()), { form: {} })
    const fault = caught(() => jobKinds({ ...parts, definitions: [bare, text, two] }))
    expect(fault).toContain('Job "odd": expected withPage(definition, { form: { … } })')
    expect(fault).toContain('Job "odd", input: expected z.object({ … })')
    expect(fault).toContain('field "b": expected maxBytes up to 10485760')
    const ok = withPage(job(z.string()), { form: 'none' })
    expect(jobKinds({ ...parts, definitions: [ok] })).toHaveLength(1)
  })
})

function caught(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return String(error)
  }
  throw new Error('Expected it to be refused.')
}

function formOn(html: string): string {
  return html.split('<article class="job-form" id="try-everything"')[1]?.split('</article>')[0] ?? ''
}

function problemOn(html: string, name: string): string | undefined {
  return new RegExp(`<small class="fault" id="try-everything-${name}-problem">([^<]*)<`).exec(
    formOn(html),
  )?.[1]
}

function inField(field: string, fields: Record<string, string>, file: { name: string; content: string }) {
  const { payload, headers } = multipart(fields, file)
  const text = payload.toString().replace('name="file"; filename', `name="${field}"; filename`)
  return { payload: text, headers: { ...headers, origin: 'http://127.0.0.1:3000' } }
}
