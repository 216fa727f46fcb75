import { expect, it } from 'vitest'
import {
  checkPasswordCost,
  hashPassword,
  PASSWORD_COST,
  unmatchableHash,
  verifyPassword,
} from '../src/password.ts'

it('knows a password by its hash, and no other', async () => {
  const hash = await hashPassword('open sesame', 1024)
  expect(await verifyPassword('open sesame', hash)).toBe(true)
  expect(await verifyPassword('open sesame ', hash)).toBe(false)
  expect(await verifyPassword('', hash)).toBe(false)
})

it('keeps the cost in the hash, so that it may be raised later', async () => {
  const hash = await hashPassword('open sesame', 2048)
  expect(hash).toMatch(/^scrypt\$N=2048,r=8,p=1\$/)
  expect(await verifyPassword('open sesame', hash)).toBe(true)
})

it('costs N=2^17, r=8, p=1 by default, which Node allows with a raised memory limit', async () => {
  expect(PASSWORD_COST).toBe(131_072)
  const hash = await hashPassword('open sesame')
  expect(hash).toMatch(/^scrypt\$N=131072,r=8,p=1\$/)
  expect(await verifyPassword('open sesame', hash)).toBe(true)
})

it('salts each hash', async () => {
  expect(await hashPassword('open sesame', 1024)).not.toBe(await hashPassword('open sesame', 1024))
})

it('takes the two ways to write an accent as one password', async () => {
  expect(await verifyPassword('cafe\u0301 noir', await hashPassword('caf\u00e9 noir', 1024))).toBe(true)
})

it('makes hashes that nothing fits, of the same form', async () => {
  expect(unmatchableHash(1024)).toMatch(/^scrypt\$N=1024,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/)
  expect(await verifyPassword('', unmatchableHash(1024))).toBe(false)
})

it.each([0, 1000, 512, 2 ** 21, Number.NaN])('refuses the cost %s', cost => {
  expect(() => checkPasswordCost(cost)).toThrow(
    `Expected passwordCost to be a power of two from 2^10 to 2^20, got ${cost}.`,
  )
})
