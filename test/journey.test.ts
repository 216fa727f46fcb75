import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWeb, startWorker, type TidingsProcess } from './process.ts'
import { textOf, Visitor } from './visitor.ts'

let dataDir: string
let web: TidingsProcess & { address: string }
let worker: TidingsProcess

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidings-journey-'))
  web = await startWeb({ DATA_DIR: dataDir })
  worker = await startWorker({ DATA_DIR: dataDir })
})
afterAll(async () => {
  await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
  await rm(dataDir, { recursive: true, force: true })
})

/** Looks at the job's own page, which is where its form leads, until it has ended; what that page showed comes along. */
async function untilEnded(visitor: Visitor, path: string): Promise<string[]> {
  const shown: string[] = []
  await expect
    .poll(
      async () => {
        const page = await visitor.get(path)
        shown.push(...page.messages)
        return /data-state="(\w+)"/.exec(page.body)?.[1]
      },
      { timeout: 20_000, interval: 100 },
    )
    .toMatch(/completed|failed/)
  return shown
}

/** Starts a job as alice would, and gives what she was told of it on the pages that she opened until the front page. */
async function tellOf(visitor: Visitor, job: string, fields: Record<string, string | File>) {
  const { status, location } = await visitor.submit('/jobs', `/jobs/${job}`, fields)
  expect(status).toBe(303)
  const onTheWay = await untilEnded(visitor, location)
  const { messages } = await visitor.get('/')
  return { told: [...onTheWay, ...messages], location }
}

function csv(text: string, name = 'posts.csv'): { file: File } {
  return { file: new File([text], name, { type: 'text/csv' }) }
}

describe("the seed's story", () => {
  it('tells of a failed job on the next page that its owner opens, once, and keeps it in the inbox', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const { location } = await alice.submit('/jobs', '/jobs/demo', {
      label: 'my report',
      outcome: 'fail',
      seconds: '0',
    })
    expect(location).toMatch(/^\/jobs\/[\w-]{20,}$/)
    // Nobody looks at the job's page: the message waits for the front page.
    const first = await shownOnFrontPage(alice)
    expect(first).toEqual([expect.stringMatching(/^error: .*my report/)])
    expect((await alice.get('/')).messages).toEqual([])
    expect(textOf((await alice.get('/inbox')).body)).toContain('my report')
    expect((await alice.get('/')).messages).toEqual([])
  })

  it('tells nobody else', async () => {
    const [alice, bob] = [
      await Visitor.loggedIn(web.address, 'alice'),
      await Visitor.loggedIn(web.address, 'bob'),
    ]
    const { location } = await alice.submit('/jobs', '/jobs/demo', {
      label: 'for alice only',
      outcome: 'succeed',
      seconds: '0',
    })
    await worker.logged(({ jobId, msg }) => location.endsWith(String(jobId)) && msg.startsWith('job ended'))
    expect((await bob.get('/')).messages).toEqual([])
    expect((await new Visitor(web.address).get('/')).messages).toEqual([])
    expect((await bob.get(location)).status).toBe(404)
    expect(textOf((await bob.get('/inbox')).body)).not.toContain('for alice only')
    expect((await alice.get('/')).messages).toHaveLength(1)
  })

  it('shows the greeting and the alert of /add_messages/ on the next page, in this browser', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    expect((await alice.get('/add_messages/')).messages).toEqual([])
    expect((await alice.get('/')).messages).toEqual([
      expect.stringMatching(/^info: /),
      expect.stringMatching(/^warning: /),
    ])
    expect((await alice.get('/')).messages).toEqual([])
  })
})

async function shownOnFrontPage(visitor: Visitor): Promise<string[]> {
  const shown: string[] = []
  await expect
    .poll(async () => {
      shown.push(...(await visitor.get('/')).messages)
      return shown.length
    })
    .toBeGreaterThan(0)
  return shown
}

describe('the demo job', () => {
  it.each([
    ['succeed', 'success'],
    ['fail', 'error'],
    ['flaky', 'success'],
    ['partial', 'warning'],
  ])('told to %s ends as %s, and says its label as it was typed', async (outcome, level) => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const label = `<b>${outcome}</b> & "co" \u{1F600}`
    const { told } = await tellOf(alice, 'demo', { label, outcome, seconds: '0.2' })
    expect(told).toEqual([expect.stringContaining(label)])
    expect(told[0]).toMatch(new RegExp(`^${level}: `))
  })
})

describe('importing and exporting posts', () => {
  it('imports what is good, tells what is bad and where, and exports it again for its owner alone', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const rows = [
      '\uFEFFtitle,body',
      '"One, with a comma","a ""quoted""\r\nbody"',
      ',no title',
      'Two,body',
    ].join('\r\n')
    const { told } = await tellOf(alice, 'import-posts', csv(rows))
    expect(told).toEqual([expect.stringMatching(/^warning: .*2 posts.*1.*line 4/s)])
    expect((await alice.get('/')).body).toContain('One, with a comma')

    const exported = await tellOf(alice, 'export-posts', { format: 'csv' })
    expect(exported.told).toEqual([expect.stringMatching(/^success: .*ready/)])
    const link = /href="(\/files\/[^"]+)"/.exec((await alice.get('/inbox')).body)?.[1] ?? ''
    const file = await alice.get(link)
    expect([file.status, file.headers.get('content-disposition')]).toEqual([
      200,
      expect.stringMatching(/attachment.*\.csv/),
    ])
    expect(file.body).toContain('"One, with a comma"')
    const bob = await Visitor.loggedIn(web.address, 'bob')
    expect((await bob.get(link)).status).toBe(404)
    expect((await new Visitor(web.address).get(link)).status).not.toBe(200)
  })

  it('tells how many posts were imported', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const rows = Array.from({ length: 214 }, (_, i) => `Post ${i},Body ${i}`)
    const { told } = await tellOf(alice, 'import-posts', csv(['title,body', ...rows].join('\n')))
    expect(told).toEqual([expect.stringContaining('Imported 214 posts.')])
  })

  it('fails where every row is bad, in words', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const { told } = await tellOf(alice, 'import-posts', csv('title,body\n,x\n,y\n'))
    expect(told).toEqual([expect.stringMatching(/^error: /)])
  })

  it('refuses on the form what can not be CSV', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const page = await alice.submit('/jobs', '/jobs/import-posts', csv('%PDF-1.7\u0000', 'posts.pdf'))
    expect(page.status).toBe(422)
    expect(textOf(page.body)).toMatch(/PDF|not CSV|text/i)
  })

  it('leads to the first job when a form is sent twice', async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const fields = { label: 'twice', outcome: 'succeed', seconds: '0', idempotencyKey: 'the-same-form' }
    const [first, second] = [
      await alice.submit('/jobs', '/jobs/demo', fields),
      await alice.submit('/jobs', '/jobs/demo', fields),
    ]
    expect([second.status, second.location]).toEqual([303, first.location])
    await untilEnded(alice, first.location)
    expect(textOf((await alice.get('/inbox')).body).split('twice')).toHaveLength(2)
  })
})
