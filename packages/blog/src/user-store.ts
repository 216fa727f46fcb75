import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import {
  checkPasswordCost,
  hashPassword,
  PASSWORD_COST,
  unmatchableHash,
  verifyPassword,
} from './password.ts'
import { storedDate } from './stored-date.ts'

const username = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,39}$/i,
    'Expected a username of up to 40 letters, digits, dots, dashes and underscores that starts with a letter or digit.',
  )

/** What a new account needs. A username keeps its case but is unique without it; a password has 8 to 1000 characters. */
export const newUser = z.object({
  username,
  password: z.string().min(8, 'Expected a password of at least 8 characters.').max(1000),
  role: z.enum(['member', 'staff']).default('member'),
})

const userRecord = z.object({
  id: z.string(),
  username: z.string(),
  role: z.enum(['member', 'staff']),
  createdAt: storedDate,
  passwordHash: z.string(),
})

/** Somebody with an account. `id` is a random UUID: the owner of their jobs, messages and files. */
export type User = Omit<z.output<typeof userRecord>, 'passwordHash'>

/** `create` refused a username that somebody has already, in whatever case. */
export class UsernameTakenError extends Error {
  override name = 'UsernameTakenError'
}

/** The accounts: one record a user by id, and one key a username that points to it. */
export class UserStore {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #passwordCost: number

  /**
   * @param options.prefix begins every key
   * @param options.passwordCost scrypt's N for new passwords, a power of two; 2^17 by default
   * @throws TypeError when the cost is none that scrypt takes
   */
  constructor(options: { redis: Redis; prefix: string; passwordCost?: number }) {
    this.#redis = options.redis
    this.#prefix = options.prefix
    this.#passwordCost = options.passwordCost ?? PASSWORD_COST
    checkPasswordCost(this.#passwordCost)
  }

  /**
   * Makes an account.
   * @throws UsernameTakenError when the name is taken, and a ZodError when name or password can't be one
   */
  async create(user: z.input<typeof newUser>): Promise<User> {
    const { username, password, role } = newUser.parse(user)
    const record = {
      id: randomUUID(),
      username,
      role,
      createdAt: new Date(),
      passwordHash: await hashPassword(password, this.#passwordCost),
    }
    // MSETNX sets both keys or neither, so two people can't get one name and no name is taken by nobody.
    const stored = JSON.stringify(z.encode(userRecord, record))
    const created = await this.#redis.msetnx(
      this.#nameKey(username),
      record.id,
      this.#userKey(record.id),
      stored,
    )
    if (!created) throw new UsernameTakenError(`The username “${username}” is taken.`)
    return withoutHash(record)
  }

  /** The user with this id. */
  async find(id: string): Promise<User | undefined> {
    const record = await this.#record(id)
    return record && withoutHash(record)
  }

  /** The user with this name, in whatever case. */
  async findByName(name: string): Promise<User | undefined> {
    const id = await this.#redis.get(this.#nameKey(name))
    return id === null ? undefined : this.find(id)
  }

  /** The user whose name and password these are. Takes as long for a name that nobody has as for a wrong password. */
  async authenticate(name: string, password: string): Promise<User | undefined> {
    const known = username.safeParse(name).success
    const id = known ? await this.#redis.get(this.#nameKey(name)) : null
    const record = await this.#record(id ?? 'nobody')
    const matches = await verifyPassword(
      password.slice(0, 1000),
      record?.passwordHash ?? unmatchableHash(this.#passwordCost),
    )
    return matches && record && password.length <= 1000 ? withoutHash(record) : undefined
  }

  async #record(id: string) {
    const stored = await this.#redis.get(this.#userKey(id))
    return stored === null ? undefined : z.decode(userRecord, JSON.parse(stored))
  }

  #userKey(id: string): string {
    return `${this.#prefix}:user:${id}`
  }

  #nameKey(name: string): string {
    return `${this.#prefix}:username:${name.toLowerCase()}`
  }
}

// Nothing outside this file ever holds a hash, so none can be logged or rendered.
function withoutHash({ passwordHash: _, ...user }: z.output<typeof userRecord>): User {
  return user
}
