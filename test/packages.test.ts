import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

/** A project of somebody else, with our packages as npm packs them and everything else as it is installed here. */
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidings-packed-'))
  const modules = join(scratch, 'node_modules')
  await mkdir(join(modules, '@tidings'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@tidings' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of ['messages', 'jobs']) {
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--pack-destination', scratch, `--workspace=packages/${name}`],
      { cwd: root },
    )
    const [{ filename }] = JSON.parse(stdout)
    await mkdir(join(modules, '@tidings', name))
    await run('tar', [
      '-xzf',
      join(scratch, filename),
      '-C',
      join(modules, '@tidings', name),
      '--strip-components=1',
    ])
  }
  await writeFile(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const ENTRIES = ['@tidings/messages', '@tidings/messages/fastify', '@tidings/jobs', '@tidings/jobs/testing']

describe('the packed libraries', () => {
  it.each(['messages', 'jobs'])('@tidings/%s has nothing that publint finds fault with', async name => {
    const pkgDir = join(scratch, 'node_modules', '@tidings', name)
    const { messages, pkg } = await publint({ pkgDir, pack: false })
    expect(messages.map(message => formatMessage(message, pkg ?? {}))).toEqual([])
  })

  it.each(['messages', 'jobs'])(
    '@tidings/%s holds its README, its licence, its scripts and no test',
    async name => {
      const files = await readdir(join(scratch, 'node_modules', '@tidings', name))
      expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'lua', 'package.json']))
      expect(files).not.toContain('test')
    },
  )

  it('can be imported by plain node', async () => {
    const code = `${ENTRIES.map((entry, i) => `import * as e${i} from '${entry}'`).join('\n')}
console.log(JSON.stringify([e0.LEVELS.ERROR, typeof e0.RedisMessageStore, typeof e1.fastifyMessages, typeof e2.defineJob, typeof e3.performJob]))`
    await writeFile(join(scratch, 'import.js'), code)
    const { stdout } = await run(process.execPath, ['import.js'], { cwd: scratch })
    expect(JSON.parse(stdout)).toEqual([40, 'function', 'function', 'function', 'function'])
  })

  it('bring their types, which hold good and refuse what is wrong', async () => {
    const code = `import { createJobs, defineJob } from '@tidings/jobs'
import { error, type NewMessage, RedisMessageStore } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { z } from 'zod'

const redis = new Redis()
const store = new RedisMessageStore({ redis, cap: 50 })
const app = fastify()
await app.register(fastifyMessages, { store, owner: () => 'alice' })
app.get('/', async request => request.messages.success('Done.'))
export const message: NewMessage = error('x', { link: { href: '/x', text: 'x' } })
// @ts-expect-error: there is no such option
new RedisMessageStore({ redis, capp: 50 })
const job = defineJob({ name: 'a', title: 'A', input: z.object({ n: z.number() }), run: async ({ input }) => input.n, messages: { success: ({ result }) => result.toFixed() } })
const jobs = createJobs({ redis, store, definitions: [job] })
// @ts-expect-error: n is a number
await jobs.enqueue(job, { n: 'x' }, { owner: 'alice' })
`
    await writeFile(join(scratch, 'types.ts'), code)
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    }
    await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', scratch]).catch(error => error)
    expect(stdout).toBe('')
  })
})
