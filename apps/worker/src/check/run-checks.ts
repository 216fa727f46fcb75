import { styleText } from 'node:util'
import { hasColours, NoRedisError, PlainError, printable } from '@tidings/runtime'
import { EXIT } from '../exit-code.ts'
import { print, printJson } from '../output.ts'
import { inPlainWords, NotNowError } from '../plain-words.ts'
import { type ToolOptions, type Tools, withTools } from '../tools.ts'
import { checkRights } from './check-rights.ts'
import { type Finding, fault, ok } from './finding.ts'
import { checkJobs } from './job-checks.ts'
import { checkServer } from './server-checks.ts'

/**
 * `tidings check`: looks at one thing after the other and prints what it finds.
 * @returns 0 where there are warnings at most; else 1, or what the worst fault says: 75 for a Redis that is away, 78 for what
 * must be set right.
 */
export async function runChecks(options: ToolOptions & { json?: true }): Promise<number> {
  // BullMQ says there, once a connection, what the line about memory says.
  console.warn = () => {}
  const found: Finding[] = []
  const say = (findings: readonly Finding[]) => {
    for (const finding of findings) {
      found.push(finding)
      if (options.json) printJson(finding)
      else print(line(finding))
    }
  }
  try {
    await withTools(options, async tools => {
      say([ok('redis', `${tools.handle.description} answers`)])
      for (const [name, check] of CHECKS) {
        try {
          say(await check(tools))
        } catch (error) {
          say([failed(name, error)])
          // Each further question would wait until its own time is over.
          if (isSilence(inPlainWords(error))) break
        }
      }
    })
  } catch (error) {
    if (!(inPlainWords(error) instanceof NoRedisError)) throw error
    say([failed('redis', error)])
  }
  return Math.max(
    EXIT.ok,
    ...found.map(({ state, exitCode = EXIT.failure }) => (state === 'fault' ? exitCode : EXIT.ok)),
  )
}

const CHECKS: readonly (readonly [name: string, check: (tools: Tools) => Promise<Finding[]>])[] = [
  ['server', ({ redis }) => checkServer(redis)],
  ['rights', ({ redis, store }) => checkRights(redis, store.prefix)],
  ['shards', async ({ store }) => [await store.checkShards().then(() => ok('shards', String(store.shards)))]],
  ['scripts', checkJobs],
]

function isSilence(error: unknown): boolean {
  return error instanceof NoRedisError && !(error instanceof NotNowError)
}

/** What is written for people says first what is wrong, and then what to do. */
function failed(check: string, error: unknown): Finding {
  const plain = inPlainWords(error)
  const said = plain instanceof Error ? plain.message : String(plain)
  const exitCode = plain instanceof PlainError ? plain.exitCode : EXIT.failure
  const [, text = said, remedy = 'Look into the log of Redis.'] =
    /^(.*?[^.])\. (\p{Lu}.*)$/su.exec(said) ?? []
  return fault(check, text, remedy.replace(/; see: tidings check$/, '.'), exitCode)
}

const STYLES = { ok: 'green', warning: 'yellow', fault: 'red' } as const

function line({ check, state, text, remedy }: Finding): string {
  const word = state.padEnd(7)
  const shown = hasColours(process.stdout) ? styleText(STYLES[state], word, { validateStream: false }) : word
  return `${shown}  ${check.padEnd(11)}  ${printable(text)}${remedy ? `\n${' '.repeat(22)}${remedy}` : ''}`
}
