import { readdirSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')

/** The design's arrows: who may import whom of ours. */
const ARROWS: Record<string, string[]> = {
  'packages/runtime': [],
  'packages/messages': [],
  'packages/jobs': ['@tidings/messages'],
  'packages/blog': ['@tidings/jobs', '@tidings/messages'],
  'apps/web': ['@tidings/blog', '@tidings/jobs', '@tidings/messages', '@tidings/runtime'],
  'apps/worker': ['@tidings/blog', '@tidings/jobs', '@tidings/messages', '@tidings/runtime'],
}

/** Packages that only these may import. */
const HOMES: Record<string, (file: string) => boolean> = {
  bullmq: file => file.startsWith('packages/jobs/'),
  // The plugin's entry, and the files beside it that only it reaches.
  fastify: file => file.startsWith('packages/messages/') || file.startsWith('apps/web/'),
}

interface Import {
  file: string
  from: string
  /** `import type`: gone when the program runs. */
  isType: boolean
}

const workspaces = Object.keys(ARROWS)
const manifest = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
})
const manifestOf = (workspace: string) =>
  manifest.parse(JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8')))

describe.each(workspaces)('%s', workspace => {
  const imports = importsOf(workspace)
  const { name, dependencies, peerDependencies } = manifestOf(workspace)

  it('is read by this test', () => {
    expect(imports.length).toBeGreaterThan(3)
  })

  it('imports of ours only what the design lets it, and never a file of another workspace', () => {
    const allowed = ARROWS[workspace] ?? []
    const strays = imports.filter(({ from, file }) => {
      if (from.startsWith('.'))
        return relative(join(root, workspace), join(root, file, '..', from)).startsWith('..')
      return from.startsWith('@tidings/') && !allowed.includes(packageOf(from))
    })
    expect(strays).toEqual([])
  })

  it('has each package that it imports among its own dependencies', () => {
    const known = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies), ...builtinModules])
    const missing = imports.filter(({ from, isType }) => {
      if (from.startsWith('.') || from.startsWith('node:') || isType) return false
      return !known.has(packageOf(from)) && packageOf(from) !== name
    })
    expect(missing).toEqual([])
  })

  it('imports each package that is among its dependencies', () => {
    const used = new Set([
      ...imports.map(({ from }) => packageOf(from)),
      ...namedInSources(workspace, Object.keys(dependencies)),
    ])
    expect(Object.keys(dependencies).filter(dependency => !used.has(dependency))).toEqual([])
  })
})

it('bullmq and fastify are imported only where the design says', () => {
  const strays = workspaces
    .flatMap(importsOf)
    .filter(({ file, from }) => HOMES[packageOf(from)]?.(file) === false)
  expect(strays).toEqual([])
})

it('what @tidings/messages is without Fastify reaches no file that imports it', () => {
  const all = importsOf('packages/messages')
  const reached = new Set<string>()
  const walk = (file: string) => {
    if (reached.has(file)) return
    reached.add(file)
    for (const { from } of all.filter(each => each.file === file && each.from.startsWith('.')))
      walk(join(file, '..', from))
  }
  walk('packages/messages/src/index.ts')
  walk('packages/messages/src/testing.ts')
  expect(reached.size).toBeGreaterThan(10)
  expect(all.filter(({ file, from }) => reached.has(file) && /^@?fastify/.test(from))).toEqual([])
})

it('testing kits are imported by tests alone', () => {
  expect(workspaces.flatMap(importsOf).filter(({ from }) => from.endsWith('/testing'))).toEqual([])
})

it('Lua lives in files of its own, each with a header that names its keys, arguments and answer', () => {
  const scripts = ['packages/messages/lua', 'packages/jobs/lua', 'packages/blog/lua'].flatMap(folder =>
    filesIn(folder, '.lua'),
  )
  expect(scripts.length).toBeGreaterThanOrEqual(5)
  for (const script of scripts)
    expect(read(script), script).toMatch(/^--\[\[[\s\S]*KEYS[\s\S]*ARGV[\s\S]*returns[\s\S]*?\]\]/)
  const sources = workspaces.flatMap(workspace => filesIn(`${workspace}/src`, '.ts'))
  expect(sources.filter(file => /KEYS\[/.test(read(file)))).toEqual([])
})

it('no file is a drawer for odds and ends', () => {
  const files = workspaces.flatMap(workspace => filesIn(`${workspace}/src`, '.ts'))
  expect(
    files.filter(file =>
      /(^|[/-])(utils?|helpers?|types|constants|common|misc|.*manager|.*-impl)\.ts$/i.test(file),
    ),
  ).toEqual([])
})

it('templates escape all that they print', () => {
  const templates = filesIn('apps/web/views', '.pug')
  expect(templates.length).toBeGreaterThan(3)
  expect(templates.filter(file => /!=|!\{/.test(read(file)))).toEqual([])
})

it('scripts of pages write text, and never HTML', () => {
  const scripts = ['apps/web/public', 'packages/messages/client'].flatMap(folder => filesIn(folder, '.js'))
  expect(scripts.length).toBeGreaterThan(1)
  const writes =
    /\.(inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTMLUnsafe/
  expect(scripts.filter(file => writes.test(read(file)))).toEqual([])
})

function importsOf(workspace: string): Import[] {
  return filesIn(`${workspace}/src`, '.ts').flatMap(file => {
    const statements = read(file).matchAll(
      /^(import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    )
    return [...statements].map(([, , type, from, bare, dynamic]) => ({
      file,
      from: from ?? bare ?? dynamic ?? '',
      isType: type !== undefined,
    }))
  })
}

/** Dependencies that a source names without importing them, such as a stylesheet that it serves. */
function namedInSources(workspace: string, dependencies: string[]): string[] {
  const sources = filesIn(`${workspace}/src`, '.ts').map(read)
  return dependencies.filter(name => sources.some(source => source.includes(`'${name}`)))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder)).flatMap(name => {
    const path = `${folder}/${name}`
    if (statSync(join(root, path)).isDirectory()) return filesIn(path, ending)
    return path.endsWith(ending) ? [path] : []
  })
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
