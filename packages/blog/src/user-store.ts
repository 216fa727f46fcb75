import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { checkNewPassword, isNotTooLong } from './new-password.ts'
import {
  checkPasswordCost,
  hashPassword,
  isCheaper,
  PASSWORD_COST,
  unmatchableHash,
  verifyPassword,
} from './password.ts'
import {
  type Role,
  role,
  type User,
  UsernameTakenError,
  type UserRecord,
  username,
  userRecord,
} from './user.ts'
import { UserChanges } from './user-changes.ts'

/** What a new account needs. A username keeps its case but is unique without it; a password has 8 to 1000 characters. */
const newUser = z.object({ username, password: z.string(), role: role.default('member') })

const CREATE = luaText('create-user')
const REPLACE = luaText('replace-user')
const DELETE = luaText('delete-user')

/** The accounts: one record a user by id, and one key a username that points to it. */
export class UserStore {
  /** Tells of each account that is changed or deleted here, in whatever process. */
  readonly changes: UserChanges
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
    this.changes = new UserChanges({ redis: options.redis, channel: `${options.prefix}:user-changes` })
  }

  /**
   * Makes an account.
   * @throws UsernameTakenError when the name is taken, a ZodError when name or password can't be one, CommonPasswordError
   */
  async create(user: z.input<typeof newUser>): Promise<User> {
    const { username, password, role } = newUser.parse(user)
    await checkNewPassword(password, username)
    const record = {
      id: randomUUID(),
      username,
      role,
      createdAt: new Date(),
      isDisabled: false,
      epoch: 0,
      passwordHash: await hashPassword(password, this.#passwordCost),
    }
    // Both keys or neither: two people can't get one name, and no name is taken by nobody.
    const keys = [this.#userKey(record.id), this.#nameKey(username), this.#countKey]
    const created = await this.#redis.eval(CREATE, keys.length, ...keys, record.id, textOf(record))
    // A connection that was cut sends it again: then it is taken by this very account.
    if (created !== 1 && (await this.#redis.get(this.#nameKey(username))) !== record.id)
      throw new UsernameTakenError(`The username “${username}” is taken.`)
    return withoutHash(record)
  }

  /** How many accounts there are. */
  async count(): Promise<number> {
    return Number((await this.#redis.get(this.#countKey)) ?? 0)
  }

  /** The user with this id. */
  async find(id: string): Promise<User | undefined> {
    const { record } = await this.#read(id)
    return record && withoutHash(record)
  }

  /** The users with these ids, in their order, by one command; `undefined` for an id that nobody has. */
  async findMany(ids: readonly string[]): Promise<(User | undefined)[]> {
    if (ids.length === 0) return []
    const texts = await this.#redis.mget(ids.map(id => this.#userKey(id)))
    return texts.map(text => (text === null ? undefined : withoutHash(recordIn(text))))
  }

  /** The user with this name, in whatever case. */
  async findByName(name: string): Promise<User | undefined> {
    const id = await this.#redis.get(this.#nameKey(name))
    return id === null ? undefined : this.find(id)
  }

  /**
   * The user whose name and password these are, unless the account is disabled. Takes as long for a name that nobody has as for
   * a wrong password. A hash of a lower cost than is usual now is made anew.
   */
  async authenticate(name: string, password: string): Promise<User | undefined> {
    const known = username.safeParse(name).success
    const id = known ? await this.#redis.get(this.#nameKey(name)) : null
    const { record } = await this.#read(id ?? 'nobody')
    const hash = record?.passwordHash ?? unmatchableHash(this.#passwordCost)
    const matches = await verifyPassword(password.slice(0, 1000), hash)
    if (!matches || !record || record.isDisabled || !isNotTooLong(password)) return undefined
    if (isCheaper(hash, this.#passwordCost)) {
      const passwordHash = await hashPassword(password, this.#passwordCost)
      await this.#change(record.id, now => (now.passwordHash === hash ? { passwordHash } : {}))
    }
    return withoutHash(record)
  }

  /**
   * Gives somebody another password, which ends all their sessions.
   * @returns the user; undefined where there is none
   * @throws a ZodError when it can't be a password, CommonPasswordError
   */
  async setPassword(id: string, password: string): Promise<User | undefined> {
    const user = await this.find(id)
    if (user === undefined) return undefined
    await checkNewPassword(password, user.username)
    const passwordHash = await hashPassword(password, this.#passwordCost)
    return this.#change(id, ({ epoch }) => ({ passwordHash, epoch: epoch + 1 }))
  }

  /** Says what somebody may do, from their next request on. @returns the user; undefined where there is none */
  setRole(id: string, wanted: Role): Promise<User | undefined> {
    return this.#change(id, () => ({ role: role.parse(wanted) }))
  }

  /** Ends all sessions of somebody, who may log in again. @returns the user; undefined where there is none */
  endSessions(id: string): Promise<User | undefined> {
    return this.#change(id, ({ epoch }) => ({ epoch: epoch + 1 }))
  }

  /** Ends all sessions of somebody, and lets them in no more. @returns the user; undefined where there is none */
  disable(id: string): Promise<User | undefined> {
    return this.#change(id, ({ epoch }) => ({ isDisabled: true, epoch: epoch + 1 }))
  }

  /** Lets somebody in again. @returns the user; undefined where there is none */
  enable(id: string): Promise<User | undefined> {
    return this.#change(id, () => ({ isDisabled: false }))
  }

  /**
   * Removes an account; whoever had it counts as logged out at once, and the name is free. What they own is removed by
   * `deleteUser`. @returns the user who was; undefined where there was none
   */
  async delete(id: string): Promise<User | undefined> {
    for (;;) {
      const { text, record } = await this.#read(id)
      if (text === null || record === undefined) return undefined
      const keys = [this.#userKey(id), this.#nameKey(record.username), this.#countKey]
      const told = [this.changes.channel, id]
      if ((await this.#redis.eval(DELETE, keys.length, ...keys, text, ...told)) === 1)
        return withoutHash(record)
    }
  }

  async #change(id: string, change: (now: UserRecord) => Partial<UserRecord>): Promise<User | undefined> {
    for (;;) {
      const { text, record } = await this.#read(id)
      if (text === null || record === undefined) return undefined
      const changed = { ...record, ...change(record) }
      const told = [this.changes.channel, id]
      const replaced = await this.#redis.eval(REPLACE, 1, this.#userKey(id), text, textOf(changed), ...told)
      if (replaced === 1) return withoutHash(changed)
    }
  }

  async #read(id: string): Promise<{ text: string | null; record: UserRecord | undefined }> {
    const text = await this.#redis.get(this.#userKey(id))
    return { text, record: text === null ? undefined : recordIn(text) }
  }

  get #countKey(): string {
    return `${this.#prefix}:users`
  }

  #userKey(id: string): string {
    return `${this.#prefix}:user:${id}`
  }

  #nameKey(name: string): string {
    return `${this.#prefix}:username:${name.toLowerCase()}`
  }
}

function luaText(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
}

function recordIn(text: string): UserRecord {
  return z.decode(userRecord, JSON.parse(text))
}

function textOf(record: UserRecord): string {
  return JSON.stringify(z.encode(userRecord, record))
}

// Nothing outside this file ever holds a hash, so none can be logged or rendered.
function withoutHash({ passwordHash: _, ...user }: UserRecord): User {
  return user
}
