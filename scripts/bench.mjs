// npm run bench: sets everything up, then runs the measurements one after the other, each in a process of its own.
// Names after `--` choose some of them: npm run bench -- page-view memory
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()
const all = readdirSync(join(root, 'bench'))
  .filter(name => name.endsWith('.mjs'))
  .map(name => name.slice(0, -'.mjs'.length))
const chosen = process.argv.slice(2)
const unknown = chosen.filter(name => !all.includes(name))
if (unknown.length > 0) {
  console.error(`There is no measurement called ${unknown.join(', ')}; there are ${all.join(', ')}.`)
  process.exit(2)
}
for (const name of chosen.length > 0 ? chosen : all) {
  console.log(`\n${name}`)
  const { status } = spawnSync(process.execPath, [join(root, 'bench', `${name}.mjs`)], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
