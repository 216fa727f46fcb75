import { createLogger, loadConfig, loadEnvFile, openRedis, variable, variables } from '@tidings/runtime'
import { z } from 'zod'

const schema = z.object({
  ...variables,
  PORT: variable(z.coerce.number().int().default(3000), {
    expected: 'a port',
    remedy: 'Leave it out for 3000.',
  }),
})

loadEnvFile()
const config = loadConfig(schema, process.env)
const log = createLogger({ name: 'example', level: config.LOG_LEVEL })
const handle = await openRedis({ url: config.REDIS_URL, dataDir: config.DATA_DIR, log })
const redis = await handle.connect('web')
await redis.ping()
await handle.close() // the last process to leave shuts the private Redis down
