import { z } from 'zod'
import { parseRedisUrl } from './redis-url.ts'
import { variable } from './variable.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const collector = variable(z.url({ protocol: /^https?$/ }).optional(), {
  expected: 'the address of a collector of OpenTelemetry, such as http://127.0.0.1:4318',
  remedy: 'Leave it out to have no traces.',
})

/**
 * The environment variables that every process reads, to spread into its own schema:
 * `z.object({ ...variables, PORT: … })`. Unset means: the private Redis, `.data`, one shard, `info`,
 * `development`, no demo.
 */
export const variables = {
  NODE_ENV: variable(z.enum(['development', 'test', 'production']).default('development'), {
    expected: 'development, test or production',
    remedy: 'Leave it out for development.',
  }),
  REDIS_URL: variable(z.string().superRefine(refuseBadRedisUrl).optional(), {
    expected: 'an address such as redis://127.0.0.1:6379',
    remedy: 'Set it to an address such as redis://127.0.0.1:6379.',
    production: 'required',
  }),
  DATA_DIR: variable(
    z
      .string()
      .refine(path => !path.includes('\0'))
      .default('.data'),
    { expected: 'the path of a directory', remedy: 'Leave it out to use .data.' },
  ),
  SHARDS: variable(z.coerce.number().int().min(1).max(256).default(1), {
    expected: 'a number of shards from 1 to 256',
    remedy: 'Leave it out for 1; it must stay what it was when the data was written.',
  }),
  LOG_LEVEL: variable(z.enum(LEVELS).default('info'), {
    expected: `one of ${LEVELS.join(', ')}`,
    remedy: 'Leave it out for info.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector,
  DEMO: variable(
    z
      .literal('1')
      .transform(() => true)
      .default(false),
    { expected: '1, or nothing', remedy: 'Set DEMO=1, or leave it out.', production: 'refused' },
  ),
}

function refuseBadRedisUrl(url: string, context: z.RefinementCtx): void {
  const { fault } = parseRedisUrl(url)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
}
