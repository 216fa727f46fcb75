import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { startWeb, startWorker, type TidingsProcess } from '../process.ts'
import { Visitor } from '../visitor.ts'

const folder = join(import.meta.dirname, '../../docs/operate')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

let dataDir: string
let web: TidingsProcess & { address: string }
let worker: TidingsProcess
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidings-metrics-'))
  const env = { DATA_DIR: dataDir, HEALTH_PORT: '0' }
  web = await startWeb(env)
  worker = await startWorker(env)
}, 60_000)
afterAll(async () => {
  await Promise.all([web.end('SIGTERM'), worker.end('SIGTERM')])
  await rm(dataDir, { recursive: true, force: true })
})

async function metricsOf({ log }: TidingsProcess): Promise<string> {
  const at = log.find(({ ready }) => ready)?.health
  return (await fetch(`${at}/metrics`)).text()
}

/** Names of metrics: of ours, and of Node. */
function named(text: string): string[] {
  return [...new Set(text.match(/\b(?:tidings|nodejs)_[a-z0-9_]+/g))]
}

function alerts() {
  const rule = z.object({ alert: z.string(), expr: z.string() })
  const rules = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) })
  return rules.parse(parse(read('alerts.yml'))).groups.flatMap(({ rules }) => rules)
}

const expressions: [string, () => string[]][] = [
  [
    'the alert rules',
    () => {
      return alerts().map(({ expr }) => expr)
    },
  ],
  [
    'the dashboard',
    () => {
      const targets = z.array(z.object({ expr: z.string() }))
      const board = z.object({ panels: z.array(z.object({ targets })) })
      return board
        .parse(JSON.parse(read('grafana.json')))
        .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    },
  ],
  ['the guide', () => [read('README.md')]],
]

describe('the metrics', () => {
  it.each(expressions)('that %s names are those that there are', async (_, those) => {
    const there = [...(await metricsOf(web)).matchAll(/^# TYPE (\S+) (\S+)/gm)]
      .concat([...(await metricsOf(worker)).matchAll(/^# TYPE (\S+) (\S+)/gm)])
      .flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['', '_bucket', '_count', '_sum'].map(end => name + end) : [name],
      )
    const used = those().flatMap(named)
    expect(used.length).toBeGreaterThan(5)
    expect(used.filter(name => !there.includes(name))).toEqual([])
  })

  it('raise the alarm that nobody works also where no worker is left to tell it', async () => {
    const [nobody] = alerts().filter(({ alert }) => alert === 'TidingsNobodyWorks')
    const [name = ''] = named(nobody?.expr ?? '')
    expect(await metricsOf(web)).not.toContain(name)
    expect(nobody?.expr).toContain(`or absent(${name})`)
  })

  it('of the web process say how long an outcome waited for the page that showed it', {
    timeout: 90_000,
  }, async () => {
    const alice = await Visitor.loggedIn(web.address, 'alice')
    const job = { label: 'x', outcome: 'succeed', seconds: '0' }
    // On a machine that has much to do, it may be asked to press again.
    await expect
      .poll(async () => (await alice.submit('/jobs', '/jobs/demo', job)).status, { timeout: 30_000 })
      .toBe(303)
    const shown: string[] = []
    await expect
      .poll(async () => shown.push(...(await alice.get('/')).messages) && shown.join('\n'), {
        timeout: 30_000,
      })
      .toMatch(/success: .*succeeded/)
    const metrics = async () => {
      const text = await metricsOf(web)
      const value = (name: string) =>
        Number(
          text
            .split('\n')
            .find(line => line.startsWith(`${name} `))
            ?.split(' ')
            .at(-1),
        )
      return [value('tidings_shown_after_seconds_count'), value('tidings_messages_total{event="shown"}')]
    }
    await expect.poll(metrics, { timeout: 10_000 }).toEqual([shown.length, shown.length])
    expect(await metricsOf(web)).toMatch(/^tidings_request_duration_seconds_count\{status="3xx"\} [1-9]/m)
    expect((await fetch(`${web.log.find(({ ready }) => ready)?.health}/readyz`)).status).toBe(200)
  })
})
