import { loadConfig, variable, variables } from '@tidings/runtime'
import { z } from 'zod'

/** The web process's environment variables. */
export const webSchema = z
  .object({
    ...variables,
    HOST: variable(z.string().max(255).default('127.0.0.1'), {
      expected: 'a host name or an address to listen on',
      remedy: 'Leave it out for 127.0.0.1; 0.0.0.0 listens everywhere.',
    }),
    PORT: variable(z.coerce.number().int().min(0).max(65_535).default(3000), {
      expected: 'a port from 0 to 65535',
      remedy: 'Leave it out for 3000; 0 takes any free port.',
    }),
    HEALTH_PORT: variable(z.coerce.number().int().min(0).max(65_535).optional(), {
      expected: 'a port from 0 to 65535',
      remedy: 'Leave it out to have no metrics; 0 takes any free port.',
    }),
    PUBLIC_URL: variable(z.string().refine(isOrigin).optional(), {
      expected:
        'the address under which people reach the site, such as https://tidings.example, without a path',
      remedy: 'Leave it out when the site is only used on this machine.',
    }),
    TRUST_PROXY: variable(z.coerce.number().int().min(0).max(10).default(0), {
      expected: 'the number of proxies in front of this process, from 0 to 10',
      remedy: 'Leave it out when there is none.',
    }),
    JOB_STARTS_PER_MINUTE: variable(z.coerce.number().int().min(1).max(1_000_000).default(1000), {
      expected: 'how many jobs a user may start within a minute, from 1 to 1,000,000',
      remedy: 'Leave it out for 1000.',
    }),
    STREAMS_PER_USER: variable(z.coerce.number().int().min(1).max(100).default(5), {
      expected: 'how many open pages of one user are kept up to date at once, from 1 to 100',
      remedy: 'Leave it out for 5.',
    }),
    REQUEST_SECONDS: variable(z.coerce.number().int().min(1).max(3600).default(120), {
      expected: 'within how many seconds a request, with its file, must have arrived, from 1 to 3600',
      remedy: 'Leave it out for 120.',
    }),
    SESSION_SECRET: variable(z.string().min(32).optional(), {
      expected: 'at least 32 characters',
      remedy: 'Make one with: openssl rand -base64 33',
      secret: true,
      production: 'required',
    }),
    LOGINS_PER_MINUTE: variable(z.coerce.number().int().min(1).max(100_000).default(10), {
      expected: 'how many failed logins a minute an account may have from one address, from 1 to 100000',
      remedy: 'Leave it out for 10.',
    }),
  })
  .superRefine(({ PUBLIC_URL, TRUST_PROXY }, context) => {
    if (PUBLIC_URL?.startsWith('https:') && TRUST_PROXY === 0) {
      const message =
        'must be 1 or more when PUBLIC_URL begins with https: something in front of this process speaks it'
      context.addIssue({ code: 'custom', path: ['TRUST_PROXY'], message })
    }
  })

/** The web process's configuration, by the names of its environment variables. */
export type WebConfig = Readonly<z.output<typeof webSchema>>

/**
 * Reads the web process's configuration.
 * @throws ConfigError that lists every fault by the variable's name
 */
export function webConfig(env: Readonly<Record<string, string | undefined>>): WebConfig {
  return loadConfig(webSchema, env)
}

/** Whether people reach the site by https. */
export function isHttps(config: Pick<WebConfig, 'PUBLIC_URL'>): boolean {
  return config.PUBLIC_URL?.startsWith('https:') === true
}

function isOrigin(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { pathname, search, hash, username, password } = new URL(value)
  return pathname === '/' && search === '' && hash === '' && username === '' && password === ''
}
