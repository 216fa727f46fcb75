import { describe, expect, it } from 'vitest'
import { StaffMessages } from '../src/routes/admin/staff-messages.ts'
import { type Browser, messagesOn, PASSWORD, testSite } from './client.ts'
import { escaped, factOn, newStaff, preview, sendFields, sendIt } from './staff.ts'

const site = await testSite()
const { store, blog } = site
const staff = await newStaff(site)
const sender = `Message from ${staff.username}, staff: `
const HOSTILE = '"><script>alert(1)</script>\u202e<img src=x onerror=alert(2)>'

let people = 0
async function someone() {
  const username = `person-${++people}`
  const { id } = await blog.users.create({ username, password: PASSWORD })
  return { username, id, texts: async () => (await store.inbox(id)).map(({ text }) => text) }
}
const minutesFromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 16)

describe('a message to people by name', () => {
  it('is looked at first, as they will see it, and tells whom it goes to', async () => {
    const [one, two] = [await someone(), await someone()]
    const names = `${one.username.toUpperCase()},\n${two.username};  ${one.username}`
    const { statusCode, body } = await preview(staff.browser, {
      names,
      level: 'warning',
      text: 'Line one\r\nand <b>two</b>',
      href: '/jobs',
      linkText: 'Your jobs',
    })
    expect(statusCode).toBe(200)
    expect(messagesOn(body)).toEqual([`staff warning: ${sender}Line one\nand <b>two</b>`])
    expect(body).toContain('<a href="/jobs">Your jobs</a>')
    expect(body).toContain(`2 people: ${one.username}, ${two.username}`)
    expect(body).toContain('Send to 2 people')
    expect([...(await one.texts()), ...(await two.texts())]).toEqual([])
  })

  it('is shown to each of them once, with its sender, and counted', async () => {
    const { browser, id } = await site.user('ada')
    const other = await someone()
    const page = await sendIt(staff.browser, { names: `ada ${other.username}`, text: 'Please call.' })
    let { body } = await staff.browser.get(page)
    expect(messagesOn(body)).toEqual(['success: The message was sent to 2 people.'])
    expect([factOn(body, 'Delivered to'), factOn(body, 'Seen by'), factOn(body, 'Not yet seen by')]).toEqual([
      '2 people',
      '0 people',
      '2 people',
    ])
    const front = (await browser.get('/')).body
    expect(messagesOn(front)).toEqual([`staff info: ${sender}Please call.`])
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
    body = (await staff.browser.get(page)).body
    expect([factOn(body, 'Seen by'), factOn(body, 'Not yet seen by')]).toEqual(['1 person', '1 person'])
    expect([factOn(body, 'Seen'), factOn(body, 'Not yet')]).toEqual(['ada', other.username])
    for (const person of [id, other.id]) {
      const [{ id: message = '' } = {}] = await store.inbox(person)
      await store.dismiss(person, message)
    }
    // Who has seen it goes on having seen it.
    body = (await staff.browser.get(page)).body
    expect([factOn(body, 'Seen'), factOn(body, 'No longer there')]).toEqual(['ada', other.username])
  })

  it('is sent once, however often the form is', async () => {
    const { username, texts } = await someone()
    const { body } = await preview(staff.browser, { names: username, text: 'Once.' })
    const form = sendFields(body)
    const sent = await Promise.all([1, 2, 3].map(() => staff.browser.post('/admin/messages', form)))
    sent.push(await staff.browser.post('/admin/messages', form))
    expect(new Set(sent.map(({ statusCode, headers }) => `${statusCode} ${headers.location}`))).toEqual(
      new Set([`303 /admin/messages/${form.id}`]),
    )
    expect(await texts()).toEqual([`${sender}Once.`])
  })

  it('is not sent where the same form holds another message', async () => {
    const { username, texts } = await someone()
    const { body } = await preview(staff.browser, { names: username, text: 'First.' })
    const form = sendFields(body)
    await staff.browser.post('/admin/messages', form)
    const again = await staff.browser.post('/admin/messages', { ...form, text: 'Second.' })
    expect(again.statusCode).toBe(422)
    expect(again.body).toContain('has sent a message already')
    expect(again.body).not.toContain(`value="${form.id}"`)
    expect(await texts()).toEqual([`${sender}First.`])
  })

  it('is sent to nobody while there is a name that nobody has, unless it is left out', async () => {
    const { username, texts } = await someone()
    const typed = { names: `${username}, nobody-1 ${HOSTILE.replaceAll(/[\s,;]/g, '')}`, text: 'Hello.' }
    const refused = await preview(staff.browser, typed)
    expect(refused.statusCode).toBe(422)
    expect(refused.body).toContain('Nobody has these 2 names')
    expect(refused.body).toContain('nobody-1')
    expect(refused.body).not.toContain('<script>alert')
    const form = await staff.browser.form('/admin/messages', '/admin/messages/preview')
    const direct = { ...form, to: 'people', level: 'info', ...typed }
    expect((await staff.browser.post('/admin/messages', direct)).statusCode).toBe(422)
    expect(await texts()).toEqual([])
    await sendIt(staff.browser, { ...typed, leaveOut: '1' })
    expect(await texts()).toEqual([`${sender}Hello.`])
    const none = await preview(staff.browser, { names: 'nobody-1', text: 'x', leaveOut: '1' })
    expect(none.body).toContain('Say to whom it goes.')
  })

  it('is taken back from those who have not seen it', async () => {
    const { browser } = await site.user('seer')
    const blind = await someone()
    const page = await sendIt(staff.browser, { names: `seer ${blind.username}`, text: 'A mistake.' })
    await browser.get('/')
    const withdrawn = await staff.browser.submit(page, `${page}/withdraw`)
    expect(withdrawn.headers.location).toBe(page)
    const { body } = await staff.browser.get(page)
    const words =
      'It was taken back from 1 person; 1 person had seen it, and may still find it in their inbox.'
    expect(messagesOn(body)).toEqual([`success: ${words}`])
    expect(body.split(words).length).toBe(3)
    expect(body).not.toContain(`${page}/withdraw`)
    expect(await blind.texts()).toEqual([])
    expect((await browser.get('/inbox')).body).toContain('A mistake.')
  })

  it('that broke off goes on where it did', async () => {
    const [one, two] = [await someone(), await someone()]
    const { body } = await preview(staff.browser, {
      names: `${one.username} ${two.username}`,
      text: 'All of you.',
    })
    const form = sendFields(body)
    const { postOnce } = store
    store.postOnce = async (owner, ...rest) => {
      if (owner === two.id) throw new Error('broke off')
      return postOnce.call(store, owner, ...rest)
    }
    const broken = await staff.browser.post('/admin/messages', form)
    store.postOnce = postOnce
    expect(broken.statusCode).toBe(500)
    const page = `/admin/messages/${form.id}`
    expect((await staff.browser.get(page)).body).toContain('Sending broke off')
    expect((await staff.browser.get('/admin/messages')).body).toContain('Not sent to all')
    await staff.browser.submit(page, `${page}/send`)
    expect([await one.texts(), await two.texts()]).toEqual([
      [`${sender}All of you.`],
      [`${sender}All of you.`],
    ])
    expect((await blog.audit.page()).entries.slice(0, 2).map(({ outcome }) => outcome)).toEqual([
      'done',
      'failed',
    ])
  })

  it('waits for its time', async () => {
    const { browser, id } = await site.user('early')
    const [from, until] = [minutesFromNow(60), minutesFromNow(120)]
    const page = await sendIt(staff.browser, { names: 'early', text: 'Later.', from, until })
    expect(messagesOn((await browser.get('/')).body)).toEqual([])
    expect(await store.stateOf(id, `staff:${page.split('/').at(-1)}`)).toBe('unread')
    expect((await staff.browser.get(page)).body).toContain('shown from')
  })
})

describe('a message to everyone', () => {
  const typed = { to: 'everyone', text: 'Maintenance tonight.' }

  it('is sent by whoever types the word and the password, and seen by each once', async () => {
    const fresh = await newStaff(site)
    const said = `Message from ${fresh.username}, staff: Maintenance tonight.`
    const page = await preview(fresh.browser, typed)
    const count = await blog.users.count()
    expect(page.body).toContain(`Send to ${count} people`)
    const form = sendFields(page.body)
    const post = (more: Record<string, string>) => fresh.browser.post('/admin/messages', { ...form, ...more })
    for (const [more, why] of [
      [{}, 'Type the word everyone'],
      [{ word: 'every one', password: PASSWORD }, 'Type the word everyone'],
      [{ word: 'everyone' }, 'Type your password'],
      [{ word: 'everyone', password: 'wrong' }, 'This is not your password'],
    ] as const) {
      const refused = await post(more)
      expect(refused.statusCode).toBe(422)
      expect(refused.body).toContain(why)
    }
    expect(await store.broadcasts()).toEqual([])

    const sent = await post({ word: 'Everyone ', password: PASSWORD })
    expect(sent.statusCode).toBe(303)
    const again = await post({ word: 'everyone' })
    expect(again.headers.location).toBe(sent.headers.location)
    expect(await store.broadcasts()).toHaveLength(1)

    const bob = site.browser()
    await bob.logIn('bob')
    expect(messagesOn((await bob.get('/')).body)).toEqual([`staff info: ${said}`])
    expect(messagesOn((await bob.get('/')).body)).toEqual([])
    const { body } = await fresh.browser.get(sent.headers.location ?? '')
    expect(messagesOn(body)).toContain(`staff info: ${said}`)
    expect(factOn(body, 'Delivered to')).toBe(`${count} people`)
    expect(factOn((await fresh.browser.get(sent.headers.location ?? '')).body, 'Seen by')).toBe('2 people')

    // Within ten minutes nobody types it again.
    expect((await preview(fresh.browser, typed)).body).not.toContain('type="password"')
    expect((await preview(staff.browser, typed)).body).toContain('type="password"')

    const url = sent.headers.location ?? ''
    await fresh.browser.submit(url, `${url}/withdraw`)
    const carol = await site.user('carol-the-late')
    expect(messagesOn((await carol.browser.get('/')).body)).toEqual([])
    const alice = site.browser()
    await alice.logIn('alice')
    expect(messagesOn((await alice.get('/')).body)).toEqual([])
    expect((await fresh.browser.get(url)).body).toContain('3 people had seen it; nobody else will.')
  })

  it('asks for the password no more often than the login does', async () => {
    const fresh = await newStaff(site)
    const form = sendFields((await preview(fresh.browser, typed)).body)
    const guess = () =>
      fresh.browser.post('/admin/messages', { ...form, word: 'everyone', password: 'guess' })
    const answers: string[] = []
    for (let i = 0; i < 40 && !answers.at(-1)?.includes('too many'); i++) answers.push((await guess()).body)
    expect(answers.at(-1)).toContain('too many attempts')
  })
})

describe('a message whose time is over', () => {
  const until = minutesFromNow(60)
  const end = new Date(`${until}Z`)
  const messages = new StaffMessages(store, blog.staffMessages)
  const idOf = (page: string) => page.split('/').at(-1) ?? ''

  /** Sends it, has it seen by one, and has it counted by nobody but the process, just before its end. */
  async function ends(browser: Browser, seer: Browser, fields: Record<string, string>, more = {}) {
    const page = await sendIt(browser, { text: 'Until then.', until, ...fields }, more)
    await seer.get('/')
    await messages.countEnding(60_000, new Date(end.getTime() - 30_000))
    return page
  }

  /** What is stored is what it will be then: nothing of it is in any inbox, and its end has been. */
  async function hasEnded(page: string, owners: readonly string[] = []) {
    const found = await blog.staffMessages.find(idOf(page))
    if (!found) throw new Error('Expected the message to be kept.')
    if (found.state.broadcast) await store.withdraw(found.state.broadcast)
    for (const owner of owners) await store.takeBack(owner, `staff:${idOf(page)}`)
    for (const owner of owners) for (const { id } of await store.inbox(owner)) await store.dismiss(owner, id)
    const key = `${site.prefix}:blog:staff-message:${idOf(page)}`
    const kept = JSON.parse((await site.redis.hget(key, 'message')) ?? '')
    await site.redis.hset(key, 'message', JSON.stringify({ ...kept, until: Date.now() - 60_000 }))
  }

  it('says how many of everyone had seen it, and when they were counted', async () => {
    const fresh = await newStaff(site)
    const seer = await site.user('seer-of-all')
    const page = await ends(
      fresh.browser,
      seer.browser,
      { to: 'everyone' },
      { word: 'everyone', password: PASSWORD },
    )
    const counted = factOn((await fresh.browser.get(page)).body, 'Seen by')
    await hasEnded(page)
    const { body } = await fresh.browser.get(page)
    expect(factOn(body, 'Seen by')).toBe(counted)
    expect(counted).toMatch(/^[1-9]\d* (person|people)$/)
    expect(factOn(body, 'Not seen by')).toMatch(/^[1-9]\d* people$/)
    expect(body).toContain('Its time is over. It was last counted on <time')
    expect(body).not.toContain(`${page}/withdraw`)
  })

  it('says who of some had seen it', async () => {
    const [seer, blind] = [await site.user('seer-of-some'), await someone()]
    const names = `seer-of-some ${blind.username}`
    const page = await ends(staff.browser, seer.browser, { names })
    await hasEnded(page, [seer.id, blind.id])
    const { body } = await staff.browser.get(page)
    expect([factOn(body, 'Seen by'), factOn(body, 'Not seen by')]).toEqual(['1 person', '1 person'])
    expect([factOn(body, 'Seen'), factOn(body, 'Not seen')]).toEqual(['seer-of-some', blind.username])
    expect(body).toContain('It was last counted on')
  })

  it('says so where nobody counted in time', async () => {
    const fresh = await newStaff(site)
    const page = await sendIt(
      fresh.browser,
      { to: 'everyone', text: 'Uncounted.', until },
      { word: 'everyone', password: PASSWORD },
    )
    await hasEnded(page)
    const { body } = await fresh.browser.get(page)
    expect([factOn(body, 'Seen by'), factOn(body, 'Not seen by')]).toEqual(['not known', 'not known'])
    expect(body).toContain('Its time is over, and it was not counted before.')
  })
})

describe('a form for a message', () => {
  it.each([
    ['text', { text: ' ' }, 'Write what the message is to say.'],
    ['text', { text: 'x'.repeat(1801) }, 'at most 1,800 characters'],
    ['names', { names: ' , ' }, 'Say to whom it goes.'],
    ['names', { names: Array.from({ length: 1001 }, (_, i) => `n${i}`).join(' ') }, 'at most 1,000 people'],
    ['to', { to: 'admins' }, 'Choose to whom it goes.'],
    ['level', { level: 'error' }, 'Choose one of the levels.'],
    ['level', { level: 'constructor' }, 'Choose one of the levels.'],
    ['href', { href: 'javascript:alert(1)', linkText: 'x' }, 'Expected a path of this site'],
    ['href', { href: '//evil.example', linkText: 'x' }, 'Expected a path of this site'],
    ['href', { linkText: 'x' }, 'Say where the link leads.'],
    ['linkText', { href: '/jobs' }, 'Say what the link is called.'],
    ['linkText', { href: '/jobs', linkText: 'x'.repeat(201) }, 'at most 200 characters'],
    ['from', { from: 'tomorrow' }, 'Expected a date and a time.'],
    ['until', { until: '2020-01-01T00:00' }, 'not in the past'],
    ['until', { from: minutesFromNow(60), until: minutesFromNow(30) }, 'end after it begins'],
    ['until', { until: minutesFromNow(31 * 24 * 60) }, 'within 30 days'],
    ['from', { from: minutesFromNow(31 * 24 * 60) }, 'within 30 days'],
  ])('says what is wrong with %s, and keeps what was typed', async (field, wrong, why) => {
    const { statusCode, body } = await preview(staff.browser, {
      names: 'alice',
      text: 'Kept as typed.',
      ...wrong,
    })
    expect(statusCode).toBe(422)
    expect(body).toContain(`href="#message-${field}"`)
    expect(body).toContain(why)
    if (!('text' in wrong)) expect(body).toContain('Kept as typed.')
  })

  it.each(['text', 'href', 'linkText', 'names', 'from', 'until', 'level', 'to', 'leaveOut'])(
    'shows what is hostile in %s as text, or refuses it',
    async field => {
      const typed = { names: 'alice', text: 'Hello.', [field]: field === 'leaveOut' ? '"><b>' : HOSTILE }
      const { statusCode, body } = await preview(staff.browser, typed)
      expect([200, 400, 422]).toContain(statusCode)
      expect(body).not.toContain('<script>alert')
      expect(body).not.toContain('<img src=x')
      expect(body).not.toContain('"><b>')
    },
  )

  it('takes a form’s own id alone', async () => {
    const form = await staff.browser.form('/admin/messages', '/admin/messages/preview')
    for (const id of ['', 'x', '../../x', `${form.id}0`])
      expect((await staff.browser.post('/admin/messages/preview', { ...form, id })).statusCode, id).toBe(400)
    expect((await staff.browser.get('/admin/messages/x')).statusCode).toBe(404)
  })

  it('comes back from the preview as it was', async () => {
    const typed = { names: 'alice', text: 'To be changed.', href: '/jobs', linkText: 'Look' }
    const { body } = await preview(staff.browser, typed)
    const back = await staff.browser.post('/admin/messages/preview', { ...sendFields(body), change: '1' })
    expect(back.statusCode).toBe(200)
    for (const text of Object.values(typed)) expect(back.body).toContain(text)
  })
})

it('what was sent is listed, with hostile text as text', async () => {
  await sendIt(staff.browser, { names: 'alice', text: `Listed ${HOSTILE}` })
  const { body } = await staff.browser.get('/admin/messages')
  expect(body).toContain(`Listed ${escaped(HOSTILE)}`)
  expect(body).not.toContain('<script>alert')
  expect((await staff.browser.get('/admin/messages?page=99999999')).statusCode).toBe(200)
})

it('all of it is in the audit log', async () => {
  const { username } = await someone()
  const page = await sendIt(staff.browser, { names: username, text: 'On the record.' })
  await staff.browser.submit(page, `${page}/withdraw`)
  const { entries } = await blog.audit.page({ limit: 2 })
  expect(entries).toMatchObject([
    { action: 'message.withdraw', to: `1 person: ${username}`, outcome: 'done' },
    {
      action: 'message.send',
      by: { username: staff.username },
      to: `1 person: ${username}`,
      count: 1,
      text: 'On the record.',
      digest: expect.stringMatching(/^[\da-f]{64}$/),
      outcome: 'done',
    },
  ])
  const line = site.lines.findLast(
    ({ event, action }) => event === 'staff action' && action === 'message.send',
  )
  expect(line).toMatchObject({ outcome: 'done', count: 1, digest: entries[1]?.digest, user: staff.id })
  expect(JSON.stringify(line)).not.toContain('On the record.')
  const { body } = await staff.browser.get('/admin/audit')
  expect(body).toContain('On the record.')
  expect(body).toContain('Took a message back')
})

it('nothing is done that the audit log can not note', async () => {
  const { username, texts } = await someone()
  const { body } = await preview(staff.browser, { names: username, text: 'Unnoted.' })
  await site.redis.rename(`${site.prefix}:blog:audit`, `${site.prefix}:blog:audit-kept`)
  await site.redis.set(`${site.prefix}:blog:audit`, 'broken')
  const sent = await staff.browser.post('/admin/messages', sendFields(body))
  await site.redis.rename(`${site.prefix}:blog:audit-kept`, `${site.prefix}:blog:audit`)
  expect(sent.statusCode).toBeGreaterThanOrEqual(500)
  expect(await texts()).toEqual([])
})
