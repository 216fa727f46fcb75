import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { loadConfig } from '@tidings/runtime'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { webConfig } from '../apps/web/src/config.ts'
import { workerVariables } from '../apps/worker/src/config.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

interface Service {
  image?: string
  build?: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  [option: string]: unknown
}

/** The services of a compose file; what it resets is null. */
function compose(file: string): Record<string, Service> {
  return parse(read(file).replaceAll('!reset []', 'null')).services
}

/** What comes of several files, as Compose merges them: maps by key, lists by appending. */
function merged(...files: string[]): Record<string, Service> {
  const services: Record<string, Service> = {}
  for (const file of files)
    for (const [name, added] of Object.entries(compose(file))) {
      const before = services[name] ?? {}
      const ports = added.ports === null ? [] : [...(before.ports ?? []), ...(added.ports ?? [])]
      services[name] = {
        ...before,
        ...added,
        environment: { ...before.environment, ...added.environment },
        ports,
      }
    }
  return services
}

/** A service's environment with the variables of whoever starts it filled in. */
function environmentOf(service: Service | undefined, given: Record<string, string>): Record<string, string> {
  const fill = (value: string) =>
    value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind = '', otherwise = '') => {
      if (given[name]) return given[name]
      if (kind === '?') throw new Error(`${name} is required: ${otherwise}`)
      return kind === '-' ? otherwise : ''
    })
  return Object.fromEntries(
    Object.entries(service?.environment ?? {}).map(([name, value]) => [name, fill(String(value))]),
  )
}

const SECRETS = {
  REDIS_WEB_PASSWORD: 'w',
  REDIS_WORKER_PASSWORD: 'k',
  REDIS_OPERATOR_PASSWORD: 'o',
  SESSION_SECRET: 'x'.repeat(44),
  SITE_HOST: 'tidings.example',
}

describe('docker-compose.yml', () => {
  const services = compose('docker-compose.yml')

  it('keeps Redis to itself: a password, no port of the machine, on disk, never evicting', () => {
    expect(services.redis?.ports).toBeUndefined()
    const settings = read('docker/redis/redis.conf')
    expect(settings).toMatch(/^appendonly yes$/m)
    expect(settings).toMatch(/^maxmemory-policy noeviction$/m)
    expect(read('docker/redis/users.acl')).toMatch(/^user default off$/m)
    expect(settings).toContain('aclfile')
  })

  it('offers the site on this machine alone, with the demo, and two workers', () => {
    expect(services.web?.ports).toEqual(['127.0.0.1:3000:3000'])
    expect(webConfig(environmentOf(services.web, {}))).toMatchObject({
      DEMO: true,
      PUBLIC_URL: 'http://localhost:3000',
    })
    expect(loadConfig(workerVariables, environmentOf(services.worker, {}))).toMatchObject({ DEMO: true })
    expect(services.worker?.deploy).toEqual({ replicas: 2 })
  })

  it('calls a worker healthy only while it takes jobs, or asks for them', () => {
    expect(services.worker?.healthcheck).toEqual({
      test: ['CMD', 'node', 'docker/health-check.mjs', '/readyz'],
    })
  })

  it('lets each process use the Redis user that is made for it', () => {
    expect(environmentOf(services.web, {}).REDIS_URL).toBe('redis://web:tidings-web@redis:6379')
    expect(environmentOf(services.worker, SECRETS).REDIS_URL).toBe('redis://worker:k@redis:6379')
  })
})

describe('docker-compose.production.yml', () => {
  const services = merged('docker-compose.yml', 'docker-compose.production.yml')

  it('has no demo and no plain http', () => {
    const config = webConfig(environmentOf(services.web, SECRETS))
    expect(config).toMatchObject({ NODE_ENV: 'production', DEMO: false, TRUST_PROXY: 1 })
    expect(config.PUBLIC_URL).toBe('https://tidings.example')
    expect(services.web?.ports).toEqual([])
    const worker = loadConfig(workerVariables, environmentOf(services.worker, SECRETS))
    expect(worker).toMatchObject({ NODE_ENV: 'production', DEMO: false })
    // 80 only sends people on to 443.
    expect(services.proxy?.ports).toEqual(['80:80', '443:443'])
  })

  it.each(Object.keys(SECRETS))('does not start without %s', name => {
    const given = { ...SECRETS, [name]: '' }
    const all = Object.values(services).map(service => JSON.stringify(service))
    expect(all.join()).toContain(`\${${name}:?`)
    if (name !== 'SITE_HOST')
      expect(() => ['redis', 'web'].map(service => environmentOf(services[service], given))).toThrow(
        `${name} is required`,
      )
  })
})

describe('docker-compose.valkey.yml', () => {
  it('only puts another server in the place of Redis', () => {
    expect(compose('docker-compose.valkey.yml')).toEqual({
      redis: { image: expect.stringMatching(/^valkey\/valkey:/) },
    })
    expect(compose('docker-compose.yml').redis?.command).toEqual(['sh', '/etc/tidings/start.sh'])
  })
})

describe('docker-compose.traces.yml', () => {
  const services = merged('docker-compose.yml', 'docker-compose.traces.yml')

  it('sends the traces of web and workers to a Jaeger that only this machine reaches', () => {
    expect(services.jaeger?.ports).toEqual(['127.0.0.1:16686:16686'])
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318' }
    expect(webConfig(environmentOf(services.web, {}))).toMatchObject({ ...endpoint, DEMO: true })
    expect(loadConfig(workerVariables, environmentOf(services.worker, {}))).toMatchObject(endpoint)
  })
})

describe('the image', () => {
  const dockerfile = read('Dockerfile')

  it('runs as nobody special, with a health check', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    expect(last).toMatch(/^USER node$/m)
    expect(last).toMatch(/^HEALTHCHECK .*docker\/health-check\.mjs/m)
    expect(last.indexOf('USER node')).toBeLessThan(last.indexOf('\nCMD '))
  })

  it('knows every workspace before it installs', () => {
    const workspaces = ['apps', 'packages'].flatMap(folder =>
      readdirSync(join(ROOT, folder)).map(name => `${folder}/${name}/package.json`),
    )
    expect(workspaces.length).toBeGreaterThan(0)
    for (const file of workspaces) expect(dockerfile).toContain(`COPY ${file} `)
  })

  it.each([
    [200, 0],
    [503, 1],
  ])('is healthy by what its process answers: %s gives exit code %s', async (status, code) => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await healthCheck({ HEALTH_PORT: String(port), PORT: '1' })).toBe(code)
    expect(await healthCheck({ PORT: String(port) })).toBe(code)
  })

  it('is not healthy when nothing answers', async () => {
    expect(await healthCheck({ PORT: '1' })).toBe(1)
  })
})

async function healthCheck(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, 'docker/health-check.mjs')], { env })
  const [code] = await once(child, 'close')
  return code
}
