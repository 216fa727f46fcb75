#!/usr/bin/env node
import { run } from './program.ts'

await run(process.argv)
// Whatever a library still holds open must not keep a finished process alive.
setTimeout(() => process.exit(), 500).unref()
