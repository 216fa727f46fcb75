// node older-bullmq.mjs <url>: says what becomes of createJobs with a BullMQ that has no createRedisBackend, as those before 6.
import { createRequire, register } from 'node:module'
import { RedisMessageStore } from '@tidings/messages'
import { Redis } from 'ioredis'

const installed = createRequire(import.meta.url).resolve('bullmq')
const names = Object.keys(createRequire(import.meta.url)('bullmq')).filter(
  name => name !== 'createRedisBackend' && /^\w+$/.test(name),
)
const older = `
import { createRequire } from 'node:module'
const bullmq = createRequire(${JSON.stringify(import.meta.url)})(${JSON.stringify(installed)})
${names.map(name => `export const ${name} = bullmq.${name}`).join('\n')}`
const hooks = `
const older = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(older)}`)}
export async function resolve(specifier, context, next) {
  return specifier === 'bullmq' ? { url: older, shortCircuit: true } : next(specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const { createJobs } = await import('@tidings/jobs')
const redis = new Redis(process.argv[2] ?? '', { lazyConnect: true })
try {
  createJobs({ redis, store: new RedisMessageStore({ redis }), definitions: [] })
  console.log('it was not refused')
} catch (error) {
  console.log(`${error.name}: ${error.message}`)
}
