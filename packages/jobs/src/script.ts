import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SCRIPTS } from '@tidings/messages'
import type { Cluster, Redis } from 'ioredis'

/** A Lua text of this package's `lua` folder. */
export function luaText(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
}

/** A script's text is a function's body: this puts it behind a name, without a change. */
export function asFunction(name: string, text: string): string {
  return `local function ${name}(KEYS, ARGV)\n${text}\nend\n`
}

/** What is the same for the lists of all owners in one shard. */
export type StoreConstants = {
  readonly CAP: number
  /** ms */
  readonly TTL: number
  /** What comes before an owner in the names of their list and of its reading. */
  readonly LISTS: string
  readonly READINGS: string
}

/** Numbers and texts by name, for a script that would else be given them with each call. */
export function luaConstants(constants: StoreConstants & Readonly<Record<string, number | string>>): string {
  const names = Object.keys(constants)
  const values = Object.values(constants).map(value => (typeof value === 'number' ? value : luaString(value)))
  return `local ${names.join(', ')} = ${values.join(', ')}\n`
}

/** A text as Lua reads it: byte by byte where it isn't plain. */
function luaString(text: string): string {
  const bytes = [...Buffer.from(text)].map(byte => {
    const char = String.fromCharCode(byte)
    return /[\w:{}.-]/.test(char) ? char : `\\${String(byte).padStart(3, '0')}`
  })
  return `'${bytes.join('')}'`
}

/** The message store's post, for scripts that write a message. */
// One reading of the clock is enough for all that one script writes.
export const POST = `${asFunction('post', SCRIPTS.post.text)}local clock\n`

/** What puts an outcome where its owner finds it. */
export const DELIVER = `${POST}${luaText('deliver')}\n`

/** A script of ours that stands by itself. */
export class OwnScript {
  readonly #text: string
  readonly #command: string

  constructor(name: string, before = '') {
    this.#text = `${before}${luaText(name)}`
    this.#command = commandName(name, this.#text)
  }

  /** Runs it: EVALSHA, and EVAL once where the server doesn't know it. */
  async run(
    redis: Redis | Cluster,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const commands = redis as unknown as Record<string, Command | undefined>
    if (!commands[this.#command]) redis.defineCommand(this.#command, { lua: this.#text })
    return commands[this.#command]?.(keys.length, ...keys, ...args)
  }
}

type Command = (...args: (string | number)[]) => Promise<unknown>

/** Two versions of this package may share a connection: each has commands of its own. */
export function commandName(name: string, text: string): string {
  return `tidings:${name}:${createHash('sha1').update(text).digest('hex').slice(0, 8)}`
}
