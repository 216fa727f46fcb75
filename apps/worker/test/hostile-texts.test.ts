import { error, info } from '@tidings/messages'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOSTILE_TEXTS } from '../../../test/hostile-texts.ts'
import { openScene, type Scene } from './scene.ts'
import { inTerminal } from './terminal.ts'
import { tidings } from './tidings.ts'

/** What moves a terminal's cursor, changes its colours or title, begins a line, or turns the direction of writing. */
const RAW = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
/** All of it in one, as an argument can be: neither a NUL nor half a character gets that far. */
const ARGUMENT = HOSTILE_TEXTS.map(([, text]) => text.slice(0, 100).replaceAll('\0', '').toWellFormed()).join(
  ' ',
)
const TEXTS = HOSTILE_TEXTS.map(([, text]) => text)
const TERMINAL = TEXTS.find(text => text.includes('\u001b]0;')) ?? ''
const TURNED = TEXTS.find(text => text.includes('\u202e')) ?? ''
const MARK = '31mred'

let scene: Scene
let env: Record<string, string>
let owner: string
const ids: string[] = []
beforeAll(async () => {
  scene = await openScene()
  env = { REDIS_URL: scene.url }
  const { redis, blog, store, jobs } = scene
  owner = (await blog.users.create({ username: 'ann', password: 'a long password 7' })).id
  for (const text of TEXTS) {
    await store.post(owner, error(text))
    await store.broadcast(info(text))
    ids.push((await scene.demo({ label: text.slice(0, 200), outcome: 'fail' }, owner)).id)
  }
  // A name that nobody has checked, and what another application has put into the queue.
  const key = `{tidings:blog}:user:${owner}`
  const record = JSON.parse((await redis.get(key)) ?? '')
  await redis.set(key, JSON.stringify({ ...record, username: ARGUMENT }))
  const queue = jobs.queues[0]
  await redis.hset(queue?.toKey(ids.at(-1) ?? '') ?? '', 'name', TERMINAL)
})
afterAll(() => scene.close())

const expectHarmless = ({ out, err }: { out: string; err: string }) => {
  for (const text of [out, err]) expect(RAW.exec(text)?.[0], text.slice(0, 3000)).toBeUndefined()
}

describe('what others wrote', () => {
  it.each([
    ['messages list', TURNED],
    ['messages list --to ann', TURNED],
    ['jobs list', TERMINAL],
    ['jobs show ID', TERMINAL],
  ])('is shown by `tidings %s` as text, and as JSON says the same as it was', async (command, text) => {
    const id = ids[TEXTS.indexOf(TERMINAL)] ?? ''
    const args = command.split(' ').map(word => (word === 'ID' ? id : word))
    const shown = await tidings(args, env)
    expect(shown.code, shown.err).toBe(0)
    expect(shown.out).toContain(text === TURNED ? 'invoice\\u202egpj.exe' : '\\u001b[31mred')
    expectHarmless(shown)
    const json = await tidings([...args, '--json'], env)
    expectHarmless(json)
    const lines = json.out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(JSON.stringify(lines)).toContain(JSON.stringify(text).slice(1, -1))
  })

  it.each(['pretty', 'json'])('is harmless in the log of a worker, as %s', async format => {
    const definitions = new URL('./hostile-jobs.mjs', import.meta.url).pathname
    const queue = `hostile-${format}`
    const args = ['--app', definitions, '--queue', queue]
    const started = await tidings(
      ['jobs', 'enqueue', 'hostile', JSON.stringify({ text: ARGUMENT }), '--owner', 'x', ...args],
      env,
    )
    expect(started.code, started.err).toBe(0)
    const ran = await tidings(
      ['worker', '--stop-when-empty', '--log-format', format, '--log-level', 'trace', ...args],
      env,
    )
    expect(ran.code, ran.err).toBe(0)
    expect(ran.out).toContain(MARK)
    expectHarmless(ran)
    const failed = await tidings(['jobs', 'list', '--state', 'failed', ...args], env)
    expect(failed.out).toContain('hostile')
    expectHarmless(failed)
  })

  it('does nothing on a terminal', async () => {
    const terminal = inTerminal(['messages', 'list', '--to', 'ann'], { ...env, NO_COLOR: '1' })
    expect(await terminal.ended).toBe(0)
    expect(terminal.screen()).toContain(MARK)
    expectHarmless({ out: terminal.screen().replaceAll('\r\n', '\n'), err: '' })
  })
})

describe('what was typed', () => {
  const json = JSON.stringify({ label: ARGUMENT, outcome: ARGUMENT, [ARGUMENT]: 1 })
  it.concurrent.each([
    'TYPED',
    '--TYPED',
    'jobs list --limit TYPED',
    'jobs show TYPED',
    'jobs cancel TYPED',
    'jobs enqueue demo TYPED --owner ann',
    'jobs enqueue demo JSON --owner ann',
    'jobs list --app TYPED',
    'messages send TYPED --to TYPED',
    'messages send TYPED --to ann --dry-run',
    'messages send x --to ann --link TYPED',
    'users add TYPED',
    'users role ann TYPED',
    'users disable TYPED',
    'worker --queue TYPED',
  ])('is said back harmlessly: tidings %s', async command => {
    const args = command.split(' ').map(word => word.replace('TYPED', ARGUMENT).replace('JSON', json))
    const ran = await tidings(args, env, `${ARGUMENT}\n`)
    expect(`${ran.out}${ran.err}`).not.toBe('')
    expectHarmless(ran)
  })

  it('is said back harmlessly where it stands in the environment', async () => {
    const names = ['REDIS_URL', 'SHARDS', 'LOG_LEVEL', 'HEALTH_PORT']
    const ran = await tidings(['worker'], Object.fromEntries(names.map(name => [name, ARGUMENT])))
    expect(ran.code).toBe(78)
    expectHarmless(ran)
  })
})
