import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { CommonPasswordError, createBlog, UsernameTakenError } from '../src/index.ts'

const { redis, prefix } = testRedis()
const { users } = createBlog({ redis, prefix, passwordCost: 1024 })
const password = 'correct horse'

it('makes an account that is found by its id and by its name', async () => {
  const user = await users.create({ username: 'Carol', password })
  expect(user).toEqual({
    id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/),
    username: 'Carol',
    role: 'member',
    createdAt: expect.any(Date),
    isDisabled: false,
    epoch: 0,
  })
  expect(await users.find(user.id)).toEqual(user)
  expect(await users.findByName('cArOL')).toEqual(user)
  expect(await users.find('nobody')).toBeUndefined()
  expect(await users.findByName('nobody')).toBeUndefined()
})

it('knows a user by name, in any case, and password', async () => {
  const user = await users.create({ username: 'dave', password, role: 'staff' })
  expect(await users.authenticate('dave', password)).toEqual(user)
  expect(await users.authenticate('DAVE', password)).toEqual(user)
  expect(await users.authenticate('dave', 'Correct horse')).toBeUndefined()
  expect(await users.authenticate('dave', '')).toBeUndefined()
  expect(await users.authenticate('dave', password + 'x'.repeat(1_000_000))).toBeUndefined()
})

it.each(['erin', '', 'a b', 'x'.repeat(100_000), '../user', '__proto__'])(
  'refuses the unknown name %.20j',
  async name => {
    expect(await users.authenticate(name, password)).toBeUndefined()
  },
)

it('takes as long for an unknown name as for a wrong password', async () => {
  const costly = createBlog({ redis, prefix: `${prefix}:costly`, passwordCost: 2 ** 16 }).users
  await costly.create({ username: 'frank', password })
  const timed = async (name: string) => {
    const start = performance.now()
    await costly.authenticate(name, 'wrong password')
    return performance.now() - start
  }
  const known: number[] = []
  const unknown: number[] = []
  for (let round = 0; round < 5; round += 1) {
    known.push(await timed('frank'))
    unknown.push(await timed('nobody'))
  }
  // Without the hash it would be a hundredth. (An upper bound would fail whenever the machine is busy.)
  expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 2)
})

it('gives a name to one of many who want it at once, in whatever case', async () => {
  const names = ['grace', 'Grace', 'GRACE', 'gRACE', 'grace', 'GrAcE']
  const results = await Promise.allSettled(names.map(username => users.create({ username, password })))
  const [winner, ...others] = results.filter(result => result.status === 'fulfilled')
  expect(others).toEqual([])
  expect(await users.findByName('grace')).toEqual(winner?.value)
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(UsernameTakenError)
})

it('answers forty logins at once, each rightly', async () => {
  const user = await users.create({ username: 'heidi', password })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => users.authenticate('heidi', n % 2 === 0 ? password : 'wrong')),
  )
  expect(answers).toEqual(answers.map((_, n) => (n % 2 === 0 ? user : undefined)))
})

it.each(['', ' ', 'a b', '.dot', 'x'.repeat(41), 'a\nb', 'аlice', '<b>'])(
  'refuses the name %j',
  async username => {
    await expect(users.create({ username, password })).rejects.toThrow('Expected a username')
  },
)

it('refuses a password of fewer than 8 characters', async () => {
  await expect(users.create({ username: 'ivan', password: '1234567' })).rejects.toThrow('at least 8')
})

it('takes a password of 1000 characters and lets nobody in with a longer one', async () => {
  const long = 'x'.repeat(1000)
  await expect(users.create({ username: 'ken', password: `${long}x` })).rejects.toThrow()
  await users.create({ username: 'ken', password: long })
  expect(await users.authenticate('ken', long)).toBeDefined()
  expect(await users.authenticate('ken', `${long}x`)).toBeUndefined()
})

it('never hands out the hash', async () => {
  const user = await users.create({ username: 'judy', password })
  for (const found of [user, await users.find(user.id), await users.authenticate('judy', password)]) {
    expect(JSON.stringify(found)).not.toContain('scrypt')
  }
})

it('refuses a cost that scrypt can not take', () => {
  expect(() => createBlog({ redis, passwordCost: 1000 })).toThrow('power of two')
})

it('refuses what attackers try first, in whatever case, and the username', async () => {
  for (const common of ['password', '12345678', 'Football1', 'leo-the-lion'])
    await expect(users.create({ username: 'Leo-the-Lion', password: common }), common).rejects.toThrow(
      CommonPasswordError,
    )
  expect(await users.findByName('leo-the-lion')).toBeUndefined()
})

describe('an account', () => {
  it('gets another password, and a new epoch', async () => {
    const { id } = await users.create({ username: 'mallory', password })
    expect(await users.setPassword(id, 'a better one')).toMatchObject({ id, epoch: 1 })
    expect(await users.authenticate('mallory', password)).toBeUndefined()
    expect(await users.authenticate('mallory', 'a better one')).toMatchObject({ id, epoch: 1 })
    await expect(users.setPassword(id, 'short')).rejects.toThrow('at least 8')
    await expect(users.setPassword(id, 'mallory')).rejects.toThrow()
    await expect(users.setPassword(id, 'password1')).rejects.toThrow(CommonPasswordError)
    expect(await users.find(id)).toMatchObject({ epoch: 1 })
  })

  it('changes its role, and begins a new epoch when all sessions are to end', async () => {
    const { id } = await users.create({ username: 'nina', password })
    expect(await users.setRole(id, 'staff')).toMatchObject({ role: 'staff', epoch: 0 })
    expect(await users.endSessions(id)).toMatchObject({ role: 'staff', epoch: 1 })
    expect(await users.find(id)).toMatchObject({ role: 'staff', epoch: 1 })
  })

  it('that is disabled lets nobody in until it is enabled, and none of its sessions ever again', async () => {
    const { id } = await users.create({ username: 'oscar', password })
    expect(await users.disable(id)).toMatchObject({ isDisabled: true, epoch: 1 })
    expect(await users.authenticate('oscar', password)).toBeUndefined()
    await users.enable(id)
    expect(await users.authenticate('oscar', password)).toMatchObject({ isDisabled: false, epoch: 1 })
  })

  it('that is deleted is gone, and its name free for somebody else with another id', async () => {
    const { id } = await users.create({ username: 'Peggy', password })
    expect(await users.delete(id)).toMatchObject({ username: 'Peggy' })
    expect(await users.delete(id)).toBeUndefined()
    expect(await users.find(id)).toBeUndefined()
    expect(await users.authenticate('peggy', password)).toBeUndefined()
    const again = await users.create({ username: 'peggy', password })
    expect(again.id).not.toBe(id)
  })

  it('that nobody has changes in no way', async () => {
    for (const change of [
      users.setPassword('nobody', 'a better one'),
      users.setRole('nobody', 'staff'),
      users.endSessions('nobody'),
      users.disable('nobody'),
      users.enable('nobody'),
    ])
      expect(await change).toBeUndefined()
    expect(await users.find('nobody')).toBeUndefined()
  })

  it('loses none of the changes that are made at once', async () => {
    const { id } = await users.create({ username: 'rupert', password })
    await Promise.all([
      ...Array.from({ length: 20 }, () => users.endSessions(id)),
      users.setRole(id, 'staff'),
      users.setPassword(id, 'a better one'),
      users.disable(id),
    ])
    expect(await users.find(id)).toMatchObject({ epoch: 22, role: 'staff', isDisabled: true })
    await users.enable(id)
    expect(await users.authenticate('rupert', 'a better one')).toMatchObject({ id })
  })

  it('of an earlier version, without an epoch, is read as it was meant', async () => {
    const { id } = await users.create({ username: 'sybil', password })
    const { isDisabled: _, epoch: __, ...old } = JSON.parse((await redis.get(`${prefix}:user:${id}`)) ?? '')
    await redis.set(`${prefix}:user:${id}`, JSON.stringify(old))
    expect(await users.authenticate('sybil', password)).toMatchObject({ isDisabled: false, epoch: 0 })
    expect(await users.endSessions(id)).toMatchObject({ epoch: 1 })
  })
})

it('makes the hash anew at the next login when the cost has risen, and ends no session by it', async () => {
  const { id } = await users.create({ username: 'trent', password })
  const dearer = createBlog({ redis, prefix, passwordCost: 2048 }).users
  expect(await dearer.authenticate('trent', 'wrong password')).toBeUndefined()
  expect(await redis.get(`${prefix}:user:${id}`)).toContain('N=1024')
  expect(await dearer.authenticate('trent', password)).toMatchObject({ epoch: 0 })
  expect(await redis.get(`${prefix}:user:${id}`)).toContain('N=2048')
  expect(await users.authenticate('trent', password)).toMatchObject({ id, epoch: 0 })
  expect(await redis.get(`${prefix}:user:${id}`)).toContain('N=2048')
})

it('counts the accounts, those alone that are there', async () => {
  const before = await users.count()
  const { id } = await users.create({ username: 'counted', password })
  await expect(users.create({ username: 'Counted', password })).rejects.toThrow(UsernameTakenError)
  expect(await users.count()).toBe(before + 1)
  await users.delete(id)
  await users.delete(id)
  expect(await users.count()).toBe(before)
})
