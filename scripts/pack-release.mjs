// node scripts/pack-release.mjs <file.tgz>: packs what is built here, as test/deploy runs it beside later releases. Build before.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('Expected the name of a file, such as test/deploy/releases/0.1.0.tgz')
  process.exit(2)
}
// What a process reads: no sources, no types, no tests.
const KINDS = /\/(dist\/.*\.js|lua\/.*|views\/.*|public\/.*|client\/.*|package\.json)$/
const files = ['apps', 'packages'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(path => KINDS.test(path) && !path.includes('node_modules')),
)
execFileSync('tar', ['--owner=0', '--group=0', '-czf', file, '-C', root, ...files.sort()])
console.log(`${file}: ${files.length} files`)
