// npm run tidings: the command line, from the build; the first time on a fresh clone it is set up before.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

const cli = join(root, 'apps', 'worker', 'dist', 'cli.js')
if (!existsSync(cli)) await setUp()
await import(cli)
