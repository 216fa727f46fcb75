import { variable, variables } from '@tidings/runtime'
import { z } from 'zod'

/** The environment variables that the command line reads. */
export const workerVariables = z.object({
  ...variables,
  HOST: variable(z.string().max(255).default('127.0.0.1'), {
    expected: 'a host name or an address to answer health checks on',
    remedy: 'Leave it out for 127.0.0.1; 0.0.0.0 listens everywhere.',
  }),
  HEALTH_PORT: variable(z.coerce.number().int().min(0).max(65_535).optional(), {
    expected: 'a port from 0 to 65535',
    remedy: 'Leave it out to answer no health checks; 0 takes any free port.',
  }),
})
