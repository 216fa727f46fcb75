import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startWorker } from '../../../test/process.ts'
import { openScene, type Scene } from './scene.ts'
import { tidings } from './tidings.ts'

const root = join(import.meta.dirname, '../../..')

let scene: Scene
let env: Record<string, string>
let ann: string
beforeAll(async () => {
  scene = await openScene()
  env = { REDIS_URL: scene.url }
})
afterAll(() => scene.close())
beforeEach(async () => {
  await scene.redis.flushdb()
  ann = (await scene.blog.users.create({ username: 'ann', password: 'a long password 7' })).id
})

const run = (...args: string[]) => tidings(args, env)

describe('tidings jobs enqueue', () => {
  it('starts a job for somebody by their name, and prints its id alone', async () => {
    const { code, out, err } = await run('jobs', 'enqueue', 'demo', '{"label":"by hand"}', '--owner', 'Ann')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(await scene.jobs.find(out.trim(), { owner: ann })).toMatchObject({
      state: 'waiting',
      input: { label: 'by hand' },
    })
  })

  it('takes the input from a pipe, a key that starts one job only, and a delay', async () => {
    const args = [
      'jobs',
      'enqueue',
      'demo',
      '-',
      '--owner',
      'ann',
      '--idempotency-key',
      'k',
      '--delay',
      '90',
      '--json',
    ]
    const [first, second] = [
      await tidings(args, env, '{"label":"x"}'),
      await tidings(args, env, '{"label":"x"}'),
    ]
    const { id } = JSON.parse(first.out)
    expect(second.out).toBe(first.out)
    expect(await scene.jobs.find(id, {})).toMatchObject({ state: 'delayed' })
    const other = await tidings(args, env, '{"label":"y"}')
    expect(other.code).toBe(1)
    expect(other.err).not.toMatch(/^\s+at /m)
  })

  it.each([
    ['a job that is unknown', ['dmo', '--owner', 'ann'], 2, /There is no job dmo\. There are: .*demo/],
    ['what is no JSON', ['demo', '{x', '--owner', 'ann'], 2, /no JSON/],
    ['what the job can’t be given', ['demo', '{"seconds":-1}', '--owner', 'ann'], 2, /seconds/],
    ['an owner whom nobody knows', ['demo', '--owner', 'nobody'], 1, /no user nobody/],
    ['no owner', ['demo'], 2, /--owner/],
  ])('refuses %s', async (_, args, expected, words) => {
    const { code, out, err } = await run('jobs', 'enqueue', ...args)
    expect({ code, out }).toEqual({ code: expected, out: '' })
    expect(err).toMatch(words)
    expect(err).not.toMatch(/^\s+at /m)
  })
})

describe('tidings jobs list and show', () => {
  it('list in a table for people, and as JSON for machines', async () => {
    const { id } = await scene.demo({ label: 'x' }, ann)
    await scene.demo({}, 'somebody-else')
    const table = await run('jobs', 'list')
    expect(table.out.split('\n')[0]).toMatch(/^ID\s+JOB\s+OWNER\s+STATE\s+ATTEMPT\s+ENQUEUED\s+NOTE$/)
    expect(table.out).toMatch(new RegExp(`^${id}\\s+demo\\s+ann\\s+waiting\\s+0/3\\s+\\d{4}-`, 'm'))
    expect(table.out).toMatch(/somebody-else/)
    const { out } = await run(
      'jobs',
      'list',
      '--owner',
      'ann',
      '--state',
      'waiting',
      '--name',
      'demo',
      '--json',
    )
    const lines = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toMatchObject([{ id, owner: ann, input: { label: 'x' } }])
  })

  it('show a job; a terminal’s own characters in it do no harm', async () => {
    const { id } = await scene.demo({ label: '\u001b[2Jx' }, ann)
    const { out } = await run('jobs', 'show', id)
    expect(out).toMatch(/^owner\s+ann \(/m)
    expect(out).not.toContain('\u001b')
    expect(JSON.parse((await run('jobs', 'show', id, '--json')).out)).toMatchObject({ id, name: 'demo' })
    expect(await run('jobs', 'show', 'nothing')).toMatchObject({
      code: 1,
      out: '',
      err: 'There is no job nothing.\n',
    })
  })

  it('list page after page, and are quiet when nobody reads on', async () => {
    const label = 'x'.repeat(200)
    await Promise.all(Array.from({ length: 320 }, () => scene.demo({ label }, ann)))
    const { out } = await run('jobs', 'list', '--limit', '310', '--json')
    expect(
      new Set(
        out
          .trim()
          .split('\n')
          .map(line => JSON.parse(line).id),
      ).size,
    ).toBe(310)
    const command = `'${process.execPath}' apps/worker/dist/cli.js jobs list --limit 320 --json | head -1; echo "\${PIPESTATUS[0]}"`
    const piped = await promisify(execFile)('bash', ['-c', command], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    })
    expect(piped.stderr).toBe('')
    expect(piped.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^\{.*\}$/), '0'])
  })

  it('have nothing on standard output where there is nothing', async () => {
    expect(await run('jobs', 'list')).toEqual({ code: 0, out: '', err: 'There are none.\n' })
    expect(await run('jobs', 'list', '--json')).toEqual({ code: 0, out: '', err: '' })
  })
})

describe('tidings jobs cancel and retry', () => {
  it('cancel what waits, try it again, and say of each what became of it', async () => {
    const { id, find } = await scene.demo({}, ann)
    expect(await run('jobs', 'retry', id)).toMatchObject({
      code: 1,
      err: `${id} has not failed: it is waiting.\n`,
    })
    expect(await run('jobs', 'cancel', id)).toMatchObject({ code: 0, err: `${id} is cancelled.\n` })
    expect(await find()).toMatchObject({ state: 'failed', outcome: 'cancelled' })
    const both = await run('jobs', 'cancel', id, 'nothing')
    expect(both).toMatchObject({
      code: 1,
      err: `${id} is cancelled, and has ended.\nThere is no job nothing.\n`,
    })
    expect(await run('jobs', 'retry', id)).toMatchObject({ code: 0, err: `${id} is tried again.\n` })
    expect(await find()).toMatchObject({ state: 'waiting' })
  })
})

it('a job’s id that begins as a flag does is an id', async () => {
  const id = '-23456789-123456789012'
  for (const command of ['show', 'cancel', 'retry'])
    expect(await run('jobs', command, id)).toMatchObject({ code: 1, err: `There is no job ${id}.\n` })
})

describe('tidings stats', () => {
  it('tells how many jobs there are, and which workers live', async () => {
    await scene.demo()
    const worker = await startWorker(env, '--queue', 'jobs')
    await expect.poll(async () => (await scene.jobs.stats()).completed, { timeout: 30_000 }).toBe(1)
    const { out } = await run('stats')
    expect(out).toMatch(/^completed\s+1$/m)
    expect(out).toMatch(new RegExp(`\\b${worker.pid}\\b.*\\b0/5\\b`))
    expect(JSON.parse((await run('stats', '--json')).out)).toMatchObject({
      completed: 1,
      waiting: 0,
      workers: [{ pid: worker.pid, version: expect.stringMatching(/^\d+\.\d+/) }],
    })
    await worker.end('SIGTERM')
  })
})

describe('every command', () => {
  it.each([
    ['jobs lst', /unknown command 'lst'[\s\S]*Did you mean list\?/],
    ['messages snd', /unknown command 'snd'[\s\S]*Did you mean send\?/],
    ['jobs list --jsn', /unknown option '--jsn'[\s\S]*Did you mean --json\?/],
    ['jobs list --state done', /Allowed choices are waiting, delayed/],
    ['jobs list --limit 0', /whole number from 1/],
    ['jobs list -q --json', /argument '--json' is invalid\. Expected a queue’s name/],
    ['jobs enqueue demo {} --owner ann --idempotency-key=', /expected a text that says something/i],
    ['messages send Hello --to ann --idempotency-key=', /expected a text that says something/i],
    ['stats more', /too many arguments/],
  ])('%s is refused with exit code 2', async (line, words) => {
    const { code, out, err } = await run(...line.split(' '))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(words)
  })

  it.each([['jobs list'], ['stats'], ['messages list'], ['users disable ann']])(
    '%s: exit code 75 and one sentence where Redis is away',
    async line => {
      const away = { REDIS_URL: 'redis://:geheim@127.0.0.1:1' }
      const { code, out, err } = await tidings(line.split(' '), away)
      expect({ code, out }).toEqual({ code: 75, out: '' })
      expect(err).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:1 does not answer[^\n]*\n$/)
    },
  )

  it('is there for npm: data alone on standard output', async () => {
    const { id } = await scene.demo({}, ann)
    const ran = await promisify(execFile)('npm', ['run', '-s', 'tidings', '--', 'jobs', 'list', '--json'], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    })
    expect(JSON.parse(ran.stdout)).toMatchObject({ id })
    expect(ran.stderr).toBe('')
  })
})
