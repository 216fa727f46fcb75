import { Command } from 'ioredis'

/** What a script may be given; `undefined` is sent as nothing, as ioredis does. */
export type Argument = string | number | Buffer | undefined

/**
 * An argument that is '' when a command is sent, and '1' each time that it is sent again, because a connection broke before its
 * answer came: only then may the script have run before. A command of another kind has '1' in its place.
 */
export const IS_AGAIN = Buffer.alloc(0)

/**
 * A script that is run by its digest. ioredis puts a command with a binary argument together in many small pieces, each of which
 * it measures several times; this is the same text in one piece, at less than half the cost.
 */
export class ScriptCommand extends Command {
  #isSent = false

  constructor(sha: string, numberOfKeys: number, args: readonly Argument[]) {
    super('evalsha', [], { replyEncoding: 'utf8' })
    const all = new Array<string | Buffer>(args.length + 2)
    all[0] = sha
    all[1] = String(numberOfKeys)
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      all[i + 2] = typeof arg === 'string' || arg instanceof Buffer ? arg : String(arg ?? '')
    }
    this.args = all
  }

  override toWritable(): Buffer {
    const args = this.args as (string | Buffer)[]
    const words = [this.name, ...(this.#isSent ? args.map(sentAgain) : args)]
    this.#isSent = true
    return packed(words)
  }
}

/** What stands for {@link IS_AGAIN} where it isn't known to be the first time. */
export function sentAgain<A extends Argument>(arg: A): A | '1' {
  return arg === IS_AGAIN ? '1' : arg
}

/** A command as Redis reads it: of each word how many bytes it has, and these. */
export function packed(words: readonly (string | Buffer)[]): Buffer {
  let text = `*${words.length}\r\n`
  let bytes = ''
  for (const word of words) {
    if (typeof word === 'string') text += `$${word.length}\r\n${word}\r\n`
    else {
      if (!isAscii(text)) return packed(words.map(it => Buffer.from(it)))
      bytes += `${text}$${word.length}\r\n${word.toString('latin1')}\r\n`
      text = ''
    }
  }
  if (!isAscii(text)) return packed(words.map(it => Buffer.from(it)))
  return Buffer.from(bytes + text, 'latin1')
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}
