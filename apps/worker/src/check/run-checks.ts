import { styleText } from 'node:util'
import { hasColours, NoRedisError, printable } from '@tidings/runtime'
import { EXIT } from '../exit-code.ts'
import { print, printJson } from '../output.ts'
import { inPlainWords } from '../plain-words.ts'
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
      for (const [name, check] of CHECKS) say(await check(tools).catch(error => [failed(name, error)]))
    })
  } catch (error) {
    const plain = inPlainWords(error)
    if (!(plain instanceof NoRedisError)) throw error
    say([fault('redis', plain.message, '', plain.exitCode)])
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

function failed(name: string, error: unknown): Finding {
  const plain = inPlainWords(error)
  const text = plain instanceof Error ? plain.message : String(plain)
  const exitCode = plain instanceof Error && 'exitCode' in plain ? Number(plain.exitCode) : EXIT.failure
  return fault(name, text, '', exitCode)
}

const STYLES = { ok: 'green', warning: 'yellow', fault: 'red' } as const

function line({ check, state, text, remedy }: Finding): string {
  const word = state.padEnd(7)
  const shown = hasColours(process.stdout) ? styleText(STYLES[state], word, { validateStream: false }) : word
  return `${shown}  ${check.padEnd(11)}  ${printable(text)}${remedy ? `\n${' '.repeat(22)}${remedy}` : ''}`
}
