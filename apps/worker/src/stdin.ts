import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { EXIT } from './exit-code.ts'
import { UsageError } from './usage-error.ts'

const MOST_BYTES = 10 * 1024 * 1024

/**
 * All that standard input has, up to 10 MB.
 * @throws UsageError where it has more, or somebody sits at it.
 */
export async function readInput(what: string): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError(`Expected ${what} on standard input; nothing is piped into it.`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MOST_BYTES) throw new UsageError(`Expected at most 10 MB of ${what} on standard input.`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Asks a question on the terminal; an empty answer is no. */
export async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, process.stderr)).trim())
}

/** A password: typed on the terminal, where it isn't shown, or else the first line of standard input. */
export async function readPassword(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const [first = ''] = (await readInput('a password')).split(/\r?\n/)
    return first
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const answer = ask('', silent)
  // The terminal shows nothing of what is typed by now.
  process.stderr.write(question)
  const password = await answer
  process.stderr.write('\n')
  return password
}

function ask(question: string, output: NodeJS.WritableStream): Promise<string> {
  const asking = createInterface({ input: process.stdin, output, terminal: true })
  return new Promise(resolve => {
    let isAnswered = false
    asking.on('SIGINT', () => process.exit(EXIT.interrupted))
    asking.on('close', () => isAnswered || resolve(''))
    asking.question(question, answer => {
      isAnswered = true
      asking.close()
      resolve(answer)
    })
  })
}
