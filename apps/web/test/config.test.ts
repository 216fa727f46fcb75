import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { webConfig } from '../src/config.ts'
import { ownAddress } from '../src/own-address.ts'
import { sessionSecret } from '../src/session-secret.ts'

const folder = await mkdtemp(join(tmpdir(), 'tidings-web-'))
afterAll(() => rm(folder, { recursive: true }))

describe('the configuration', () => {
  it('has a default for everything outside of production', () => {
    expect(webConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      TRUST_PROXY: 0,
      DEMO: false,
      STREAMS_PER_USER: 5,
    })
  })

  it('is refused with all its faults at once, by name, and without secrets', () => {
    const env = {
      NODE_ENV: 'production',
      PORT: '70000',
      PUBLIC_URL: 'https://tidings.example/blog',
      TRUST_PROXY: '-1',
      STREAMS_PER_USER: '0',
      SESSION_SECRET: 'too-short-secret',
      DEMO: '1',
    }
    const fault = (() => {
      try {
        return String(webConfig(env))
      } catch (error) {
        return String(error)
      }
    })()
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'TRUST_PROXY',
      'STREAMS_PER_USER',
      'SESSION_SECRET',
      'DEMO',
      'REDIS_URL',
    ]) {
      expect(fault).toContain(`${name}:`)
    }
    expect(fault).not.toContain('too-short-secret')
  })

  it('asks for Redis and the secret in production', () => {
    expect(() => webConfig({ NODE_ENV: 'production' })).toThrow(/REDIS_URL[\s\S]*SESSION_SECRET/)
  })

  it('asks for the number of proxies where the site is reached by https', () => {
    expect(() => webConfig({ PUBLIC_URL: 'https://tidings.example' })).toThrow(/TRUST_PROXY/)
    expect(webConfig({ PUBLIC_URL: 'https://tidings.example', TRUST_PROXY: '1' })).toMatchObject({
      TRUST_PROXY: 1,
    })
  })

  it('takes an address without a path as the public one', () => {
    for (const url of [
      'ftp://x',
      'tidings.example',
      'http://x/y',
      'http://x?y',
      'http://u:p@x',
      '//x',
      'http://',
    ]) {
      expect(() => webConfig({ PUBLIC_URL: url }), url).toThrow(
        /PUBLIC_URL: expected the address under which/,
      )
    }
    expect(webConfig({ PUBLIC_URL: 'http://tidings.example:8080/' }).PUBLIC_URL).toBe(
      'http://tidings.example:8080/',
    )
  })
})

describe('the session secret', () => {
  it('is made once, for this user alone, also when several processes start at once', async () => {
    const dataDir = join(folder, 'new', 'data')
    const secrets = await Promise.all(Array.from({ length: 8 }, () => sessionSecret(dataDir)))
    expect(new Set(secrets).size).toBe(1)
    expect(secrets[0]).toMatch(/^[\w-]{43}$/)
    expect(await sessionSecret(dataDir)).toBe(secrets[0])
    const file = join(dataDir, 'session-secret')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readFile(file, 'utf8')).trim()).toBe(secrets[0])
  })

  it('that was cut short, or has no place to be kept, is a fault in plain words', async () => {
    await writeFile(join(folder, 'session-secret'), 'short\n')
    await expect(sessionSecret(folder)).rejects.toThrow(/is too short. Delete the file/)
    await expect(sessionSecret(join(folder, 'session-secret', 'x'))).rejects.toThrow(
      /Set SESSION_SECRET, or DATA_DIR/,
    )
  })
})

describe('the own address', () => {
  it('is this machine, and what the site listens on, by the port that it got', () => {
    const address = ownAddress({ publicUrl: undefined, host: '0.0.0.0', port: () => 4321 })
    expect(address.isOwnHost('localhost:4321')).toBe(true)
    expect(address.isOwnHost('0.0.0.0:4321')).toBe(false)
    expect(address.isOwnHost('localhost')).toBe(false)
    expect(address.isOwnOrigin('http://localhost:4321')).toBe(true)
    expect(address.isOwnOrigin('http://localhost:4321/')).toBe(false)
    const named = ownAddress({ publicUrl: undefined, host: 'fd00::1', port: () => 80 })
    expect(named.isOwnHost('[fd00::1]')).toBe(true)
  })
})
