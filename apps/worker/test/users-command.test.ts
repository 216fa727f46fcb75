import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openScene, type Scene } from './scene.ts'
import { inTerminal } from './terminal.ts'
import { tidings } from './tidings.ts'

let scene: Scene
let env: Record<string, string>
beforeAll(async () => {
  scene = await openScene()
  env = { REDIS_URL: scene.url }
})
afterAll(() => scene.close())
beforeEach(async () => {
  await scene.redis.flushdb()
})

const run = (args: string[], input?: string) => tidings(['users', ...args], env, input)
const logIn = (name: string, password: string) => scene.blog.users.authenticate(name, password)

describe('tidings users', () => {
  it('add makes an account, its password the first line of standard input', async () => {
    const ran = await run(['add', 'ann', '--role', 'staff'], 'a long password 7\nignored\n')
    expect(ran).toEqual({ code: 0, out: '', err: 'ann is added as staff.\n' })
    expect(await logIn('ann', 'a long password 7')).toMatchObject({ role: 'staff' })
  })

  it('add makes many at once, and goes on where one is refused', async () => {
    const lines = 'ann:a long: password 7\nben\ta long password 8\nANN:another long one 9\ncid:short\n'
    const { code, out, err } = await run(['add'], lines)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(
      /^ann is added\.\nben is added\.\nANN: [^\n]*taken\.\ncid: [^\n]*at least 8 characters\.\n$/,
    )
    expect(await logIn('ann', 'a long: password 7')).toBeDefined()
    expect(await logIn('ben', 'a long password 8')).toMatchObject({ role: 'member' })
  })

  it('a line that is none changes nothing, and is not shown: it may hold a password', async () => {
    const { code, err } = await run(['add'], 'ann:a long password 7\ngeheim\n')
    expect(code).toBe(2)
    expect(err).toMatch(/^Line 2: expected a name, a tab or a colon, and a password/)
    expect(err).not.toContain('geheim')
    expect(await scene.blog.users.findByName('ann')).toBeUndefined()
  })

  it('asks for a password on a terminal, and doesn’t show it', async () => {
    const terminal = inTerminal(['users', 'add', 'ann'], env)
    await terminal.shows(/Password: /)
    terminal.type('a long password 7\r')
    expect(await terminal.ended).toBe(0)
    expect(terminal.screen()).not.toContain('long')
    expect(await logIn('ann', 'a long password 7')).toBeDefined()
  })

  it('passwd, role, disable, enable and delete do what they say', async () => {
    await run(['add'], 'ann:a long password 7\nben:a long password 8\n')
    expect((await run(['passwd', 'ann'], 'another long one 9\n')).code).toBe(0)
    expect(await logIn('ann', 'a long password 7')).toBeUndefined()
    expect(await logIn('ann', 'another long one 9')).toBeDefined()
    expect((await run(['role', 'ann', 'staff'])).code).toBe(0)
    expect(await scene.blog.users.findByName('ann')).toMatchObject({ role: 'staff' })
    expect((await run(['disable', 'ann', 'ben'])).code).toBe(0)
    expect(await logIn('ann', 'another long one 9')).toBeUndefined()
    expect((await run(['enable', 'ann'])).code).toBe(0)
    expect(await logIn('ann', 'another long one 9')).toBeDefined()
    expect((await run(['delete', 'ben'])).code).toBe(2)
    expect((await run(['delete', 'ben', '--yes'])).code).toBe(0)
    expect(await scene.blog.users.findByName('ben')).toBeUndefined()
  })

  it.each([
    [['role', 'ann', 'king'], 2, /'king' is invalid[\s\S]*Allowed choices are member, staff/],
    [['role', 'nobody', 'staff'], 1, /nobody: There is nobody of that name/],
    [['disable', 'nobody'], 1, /nobody: There is nobody of that name/],
  ])('%j is refused', async (args, expected, words) => {
    const { code, err } = await run(args)
    expect(code).toBe(expected)
    expect(err).toMatch(words)
  })

  it('no password is taken from a flag', async () => {
    expect((await run(['add', 'ann', '--password', 'x'])).code).toBe(2)
  })
})
