import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, loadConfig, loadEnvFile, printFatal, variable, variables } from '../src/index.ts'

const schema = z.object({
  ...variables,
  PORT: variable(z.coerce.number().int().min(0).max(65535).default(3000), {
    expected: 'a port from 0 to 65535',
    remedy: 'Leave it out for 3000.',
  }),
  SESSION_SECRET: variable(z.string().min(32).optional(), {
    expected: 'at least 32 characters',
    production: 'required',
  }),
})

function faultsOf(env: Record<string, string>): ConfigError {
  try {
    loadConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error
  }
  throw new Error('The configuration was accepted.')
}

describe('loadConfig', () => {
  it('fills in what is unset, takes an empty value as unset and ignores other variables', () => {
    expect(loadConfig(schema, { REDIS_URL: '', PORT: '', DEMO: '', HOME: '/home/x' })).toEqual({
      NODE_ENV: 'development',
      DATA_DIR: '.data',
      SHARDS: 1,
      LOG_LEVEL: 'info',
      DEMO: false,
      PORT: 3000,
    })
    expect(loadConfig(schema, { DEMO: '1', PORT: '80' })).toMatchObject({ DEMO: true, PORT: 80 })
  })

  it('takes a number of shards from 1 to 256', () => {
    expect(loadConfig(schema, { SHARDS: '8' }).SHARDS).toBe(8)
    for (const SHARDS of ['0', '257', '1.5', 'many'])
      expect(faultsOf({ SHARDS }).message).toContain(
        `SHARDS: expected a number of shards from 1 to 256; got '${SHARDS}'. Leave it out for 1`,
      )
  })

  it('takes the address of a collector for traces, by http', () => {
    expect(loadConfig(schema, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318' })).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318',
    })
    expect(faultsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'jaeger:4317' }).message).toContain(
      "OTEL_EXPORTER_OTLP_ENDPOINT: expected the address of a collector of OpenTelemetry, such as http://127.0.0.1:4318; got 'jaeger:4317'. Leave it out",
    )
  })

  it('tells every fault at once, by name: what was expected, what came, what to do', () => {
    const error = faultsOf({
      NODE_ENV: 'prod',
      REDIS_URL: 'localhost',
      LOG_LEVEL: 'loud',
      DEMO: 'true',
      PORT: '70000',
    })
    expect(error.faults.map(fault => fault.variable)).toEqual([
      'NODE_ENV',
      'REDIS_URL',
      'LOG_LEVEL',
      'DEMO',
      'PORT',
    ])
    expect(error.message).toContain('There are 5 faults in the configuration:\n')
    expect(error.message).toContain(
      "\n  PORT: expected a port from 0 to 65535; got '70000'. Leave it out for 3000.",
    )
    expect(error.message).toContain(
      "\n  DEMO: expected 1, or nothing; got 'true'. Set DEMO=1, or leave it out.",
    )
  })

  it('never shows a secret or a password, and no control characters', () => {
    const { message } = faultsOf({
      SESSION_SECRET: 'short-secret',
      REDIS_URL: 'redis://me:geheim@h@ost:x/1',
      LOG_LEVEL: 'a\u001b[2J\nREDIS_URL: forged',
    })
    expect(message).not.toMatch(/short-secret|geheim/)
    expect(message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(message.split('\n')).toHaveLength(4)
    expect(message).toContain('a value of 12 characters, which is not shown here')
  })

  it('wants what production needs, and refuses what it must not have, together with the other faults', () => {
    const { faults } = faultsOf({ NODE_ENV: 'production', DEMO: '1', PORT: 'x' })
    expect(faults.map(fault => fault.variable)).toEqual(['REDIS_URL', 'DEMO', 'PORT', 'SESSION_SECRET'])
  })

  it('ends a main with the message alone and exit code 78', () => {
    const printed: string[] = []
    const before = process.exitCode
    const code = printFatal(faultsOf({ PORT: 'x' }), text => printed.push(text))
    process.exitCode = before
    expect(code).toBe(78)
    expect(printed.join('\n')).not.toMatch(/^\s+at /m)
  })
})

describe('loadEnvFile', () => {
  const directory = mkdtempSync('/tmp/tidings-env-')
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
    delete process.env.TIDINGS_TEST_A
    delete process.env.TIDINGS_TEST_B
  })

  it('sets what is not set yet, and bears that there is no file', () => {
    writeFileSync(join(directory, '.env'), 'TIDINGS_TEST_A=file\nTIDINGS_TEST_B="from file"\n')
    process.env.TIDINGS_TEST_A = 'set before'
    loadEnvFile(join(directory, '.env'))
    loadEnvFile(join(directory, 'none'))
    expect([process.env.TIDINGS_TEST_A, process.env.TIDINGS_TEST_B]).toEqual(['set before', 'from file'])
  })
})
