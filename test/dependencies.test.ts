import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')
const versions = z.record(z.string(), z.string()).default({})
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        link: z.boolean().optional(),
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        inBundle: z.boolean().optional(),
        dependencies: versions,
        devDependencies: versions,
      }),
    ),
  })
  .parse(JSON.parse(read('package-lock.json')))
const installed = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && !link,
)

it('each dependency of ours has one exact version', () => {
  const own = Object.entries(lock.packages).filter(([path]) => !path.includes('node_modules/'))
  expect(own.length).toBeGreaterThan(5)
  const loose = own.flatMap(([path, { dependencies, devDependencies }]) =>
    Object.entries({ ...dependencies, ...devDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path}: ${name}@${version}`),
  )
  expect(loose).toEqual([])
})

it('each package that is installed is known by its hash', () => {
  expect(installed.length).toBeGreaterThan(50)
  expect(installed.filter(([, { integrity, inBundle }]) => !integrity && !inBundle)).toEqual([])
})

it('each package with an install script is named among those that may not run it', () => {
  const { allowScripts } = z
    .object({ allowScripts: z.record(z.string(), z.literal(false)) })
    .parse(JSON.parse(read('package.json')))
  const names = installed
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.split('node_modules/').at(-1) ?? '')
  expect(Object.keys(allowScripts)).toEqual(expect.arrayContaining(names))
})

it('npm lists what is installed, as docs/security.md says', async () => {
  const [command = '', ...args] = /`(npm sbom [^`]+)`/.exec(read('docs/security.md'))?.[1]?.split(' ') ?? []
  const { stdout } = await promisify(execFile)(command, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
  const { components } = z
    .object({ components: z.array(z.object({ name: z.string(), version: z.string() })) })
    .parse(JSON.parse(stdout))
  const names = components.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['fastify', 'bullmq', 'ioredis', 'pug']))
}, 60_000)

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
