import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { seedDemo } from '@tidings/blog'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScene, type Scene } from '../../apps/worker/test/scene.ts'
import { tidings } from '../../apps/worker/test/tidings.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/operate/README.md'), 'utf8')
const traces = readFileSync(join(root, 'docs/operate/traces.md'), 'utf8')
const night = readFileSync(join(root, 'docs/operate/night.md'), 'utf8')
const alerts = readFileSync(join(root, 'docs/operate/alerts.yml'), 'utf8')
const commands = [...`${guide}${traces}${night}`.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
)

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
  await seedDemo(scene.blog)
})
afterAll(() => scene.close())

describe('docs/operate', () => {
  it('has commands in it', () => {
    expect(commands.length).toBeGreaterThan(10)
  })

  // In the order in which they stand there: accounts are made before they are used.
  it.each(commands)('%s', async command => {
    const shell = `tidings() { '${process.execPath}' '${root}/apps/worker/dist/cli.js' "$@"; }\nset -o pipefail\n${command}`
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, DEMO: '1', REDIS_URL: scene.url }
    const { stderr } = await promisify(execFile)('bash', ['-c', shell], { cwd: root, env })
    expect(stderr).not.toMatch(/^\s+at |error/m)
  })

  it('says of every alarm what to do', () => {
    const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter(name => !night.includes(`\`${name}\``))).toEqual([])
  })

  it('names every flag of the worker, and every command', async () => {
    const { out } = await tidings(['worker', '--help'], {})
    const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag = '']) => flag)
    expect(flags.length).toBeGreaterThan(10)
    expect(flags.filter(flag => !guide.includes(`\`${flag}`))).toEqual([])
    for (const group of ['jobs', 'messages', 'users']) {
      const help = (await tidings([group, '--help'], {})).out
      const names = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}(\w+)/gm)].map(
        ([, name = '']) => name,
      )
      const row = guide.split('\n').find(line => line.startsWith(`| \`tidings ${group} `))
      expect(names.filter(name => name !== 'help' && !row?.includes(name))).toEqual([])
    }
  })
})
