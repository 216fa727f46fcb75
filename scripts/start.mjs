// npm start: sets everything up, then runs web and one worker in this terminal.
import { setUp } from './setup.mjs'

await setUp()
const { startTidings } = await import('../packages/runtime/dist/supervisor.js')
// The web process's schema, so that a fault in any variable is told together with the others, before anything starts.
const { webSchema } = await import('../apps/web/dist/config.js')
await startTidings([webSchema])
