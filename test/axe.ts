import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Violation {
  id: string
  impact: string
  help: string
  nodes: { target: string[]; html: string }[]
}

/**
 * What axe-core finds on a page as it stands, one line a fault: which rule, how serious, what it is and where. All its rules
 * count, the mild ones too, and that what is pressed is 24 px wide and high or has that much room. An empty list is a page that everybody can use, as far as a machine can tell.
 * @param rules only these
 */
export async function axeFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  // By the debugger's way in: the pages' own policy lets no other script run.
  await page.evaluate(`${await readFile(AXE, 'utf8')}; undefined`)
  const options = {
    resultTypes: ['violations'],
    rules: { 'target-size': { enabled: true } },
    ...(rules && { runOnly: rules }),
  }
  const violations = (await page.evaluate(
    `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations)`,
  )) as Violation[]
  return violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map(({ target, html }) => `${id} (${impact}): ${help}: ${target.join(' ')}: ${html.slice(0, 200)}`),
  )
}
