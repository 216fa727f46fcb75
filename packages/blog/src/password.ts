import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { atMost } from './at-most.ts'

/** scrypt's N for new passwords: 2^17, with r = 8 and p = 1. One hash takes 128 MB and a third of a second. */
export const PASSWORD_COST = 2 ** 17

const BLOCK_SIZE = 8
const PARALLELISM = 1
const KEY_BYTES = 32
const HASH = /^scrypt\$N=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/

// Two hashes leave the other two threads of Node's pool to everything else (files, DNS), and bound the memory.
const inTurn = atMost(2)

/** Hashes a password with a fresh salt; the result says with which cost: `scrypt$N=…,r=8,p=1$salt$key`. */
export async function hashPassword(password: string, cost: number = PASSWORD_COST): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, KEY_BYTES, { N: cost, r: BLOCK_SIZE, p: PARALLELISM })
  return format(cost, salt, key)
}

/** Whether a password belongs to a hash, whatever cost the hash was made with. Throws on what is no hash of ours. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt, key] = HASH.exec(hash) ?? []
  if (!salt || !key) throw new Error('Expected a password hash like scrypt$N=…,r=…,p=…$salt$key.')
  const expected = Buffer.from(key, 'base64url')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  return timingSafeEqual(
    await derive(password, Buffer.from(salt, 'base64url'), expected.length, cost),
    expected,
  )
}

/** A hash that no password fits, for names that nobody has: verifying it takes as long as verifying a real one. */
export function unmatchableHash(cost: number = PASSWORD_COST): string {
  return format(cost, randomBytes(16), randomBytes(KEY_BYTES))
}

/** Whether a hash was made at a lower cost than this. */
export function isCheaper(hash: string, cost: number): boolean {
  return Number(HASH.exec(hash)?.[1]) < cost
}

/** Throws unless `cost` is one that scrypt takes and a login can wait for: a power of two from 2^10 to 2^20. */
export function checkPasswordCost(cost: number): void {
  const exponent = Math.log2(cost)
  if (Number.isInteger(exponent) && exponent >= 10 && exponent <= 20) return
  throw new TypeError(`Expected passwordCost to be a power of two from 2^10 to 2^20, got ${cost}.`)
}

function derive(password: string, salt: Buffer, bytes: number, cost: { N: number; r: number; p: number }) {
  // Composed and decomposed accents are the same password; and scrypt's own memory limit lies below our cost.
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r }
  return inTurn(
    () =>
      new Promise<Buffer>((resolve, reject) =>
        scrypt(password.normalize('NFKC'), salt, bytes, options, (error, key) =>
          error ? reject(error) : resolve(key),
        ),
      ),
  )
}

function format(cost: number, salt: Buffer, key: Buffer): string {
  const parameters = `N=${cost},r=${BLOCK_SIZE},p=${PARALLELISM}`
  return `scrypt$${parameters}$${salt.toString('base64url')}$${key.toString('base64url')}`
}
