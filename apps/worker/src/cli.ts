#!/usr/bin/env node
import nodeModule from 'node:module'
import { join } from 'node:path'

// From Node 22.8 on what was compiled once is kept, beside the packages, where this user may write there: half of a start
// is compiling. It comes before everything else is loaded.
const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown }
enableCompileCache?.(join(import.meta.dirname, '../../../node_modules/.cache/compile'))

const { run } = await import('./program.ts')
await run(process.argv)
// Whatever a library still holds open must not keep a finished process alive.
setTimeout(() => process.exit(), 500).unref()
