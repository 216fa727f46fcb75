import { isAbsolute } from 'node:path'
import type { RedisOptions } from 'ioredis'

/** Where a Redis is: what ioredis needs to connect, and a text without a password for banners and errors. */
export interface RedisAddress {
  options: RedisOptions
  /** Some nodes of a Redis Cluster, which tell of the others; `options` then hold for each of its nodes. */
  cluster?: { host: string; port: number }[]
  description: string
}

type Parsed = { address: RedisAddress; fault?: undefined } | { address?: undefined; fault: string }

/**
 * Reads a `REDIS_URL`: `redis://`, `rediss://`, `unix:///path[?db=n]` or
 * `redis-sentinel://host[:port],host[:port]/name[?db=n]`, `redis-cluster://host[:port],host[:port]` or, with TLS,
 * `rediss-cluster://…`, each with an optional `user:password@`.
 *
 * @returns the address, or in `fault` a sentence (without an end and without the URL) that says what is wrong
 */
export function parseRedisUrl(text: string): Parsed {
  const scheme = /^([a-z][a-z-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'redis':
    case 'rediss':
      return parseServer(text, scheme)
    case 'unix':
      return parseSocket(text)
    case 'redis-sentinel':
      return parseSentinel(text)
    case 'redis-cluster':
    case 'rediss-cluster':
      return parseCluster(text, scheme)
    default:
      return { fault: 'expected redis://, rediss://, unix://, redis-sentinel:// or redis-cluster://' }
  }
}

function parseServer(text: string, scheme: 'redis' | 'rediss'): Parsed {
  const url = urlOf(text)
  if (url === undefined || url.hostname === '') return { fault: `expected ${scheme}://host:port` }
  const path = url.pathname.slice(1)
  const db = databaseOf(url, path)
  if (typeof db === 'string') return { fault: db }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port || 6379)
  const credentials = credentialsOf(url)
  if (credentials === undefined) return { fault: BAD_ESCAPE }
  const tls = scheme === 'rediss' ? { tls: { servername: host } } : {}
  return {
    address: {
      options: { host, port, db, ...credentials, ...tls },
      description: `${scheme}://${url.hostname}:${port}${db === 0 ? '' : `/${db}`}`,
    },
  }
}

function parseSocket(text: string): Parsed {
  const url = urlOf(text)
  if (url === undefined || url.hostname !== '' || url.pathname.length < 2)
    return {
      fault: 'expected unix:// and the absolute path of a socket, so three slashes: unix:///run/redis.sock',
    }
  const db = databaseOf(url, '')
  if (typeof db === 'string') return { fault: db }
  const path = decoded(url.pathname)
  const credentials = credentialsOf(url)
  if (path === undefined || !isAbsolute(path) || credentials === undefined) return { fault: BAD_ESCAPE }
  return {
    address: {
      options: { path, db, ...credentials },
      description: `unix://${path}${db === 0 ? '' : `?db=${db}`}`,
    },
  }
}

function parseSentinel(text: string): Parsed {
  // The list of hosts is none that a URL can hold, so it is taken out first.
  const parts = /^redis-sentinel:\/\/((?:[^@/]*@)?)([^/?@]+)\/([^/?]+)(\?.*)?$/i.exec(text)
  const [, userinfo = '', hosts = '', group = '', query = ''] = parts ?? []
  const url = urlOf(`redis-sentinel://${userinfo}sentinels/${query}`)
  const sentinels = hostsOf(hosts, 26_379)
  const name = decoded(group)
  if (parts === null || url === undefined || name === undefined || sentinels === undefined)
    return { fault: 'expected redis-sentinel://host:port,host:port/name-of-the-master' }
  const db = databaseOf(url, '')
  if (typeof db === 'string') return { fault: db }
  const credentials = credentialsOf(url)
  if (credentials === undefined) return { fault: BAD_ESCAPE }
  return {
    address: {
      options: { sentinels, name, db, ...credentials },
      description: `redis-sentinel://${hosts}/${group}${db === 0 ? '' : `?db=${db}`}`,
    },
  }
}

function parseCluster(text: string, scheme: 'redis-cluster' | 'rediss-cluster'): Parsed {
  const [, userinfo = '', hosts = ''] = /^[a-z-]+:\/\/((?:[^@/]*@)?)([^/?@]+)\/?$/i.exec(text) ?? []
  const url = urlOf(`${scheme}://${userinfo}nodes`)
  const cluster = hostsOf(hosts, 6379)
  if (url === undefined || cluster === undefined)
    return {
      fault: `expected ${scheme}://host:port,host:port and nothing behind it: a cluster has one database`,
    }
  const credentials = credentialsOf(url)
  if (credentials === undefined) return { fault: BAD_ESCAPE }
  const tls = scheme === 'rediss-cluster' ? { tls: {} } : {}
  return { address: { options: { ...credentials, ...tls }, cluster, description: `${scheme}://${hosts}` } }
}

const BAD_ESCAPE = 'the user, password or path has a % that starts no escape (write a % itself as %25)'

function hostsOf(text: string, port: number): { host: string; port: number }[] | undefined {
  const hosts = text.split(',').map(host => {
    const url = urlOf(`redis://${host}`)
    if (url === undefined || url.hostname === '') return undefined
    return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || port) }
  })
  return hosts.includes(undefined) ? undefined : hosts.filter(host => host !== undefined)
}

function databaseOf(url: URL, path: string): number | string {
  const unknown = [...url.searchParams.keys()].find(name => name !== 'db')
  if (unknown !== undefined) return 'expected no option but ?db= after the address'
  const text = url.searchParams.get('db') ?? path
  if (text === '') return 0
  return /^\d{1,5}$/.test(text) ? Number(text) : 'expected the number of a database (0 and up) at the end'
}

function credentialsOf(url: URL): { username?: string; password?: string } | undefined {
  const username = decoded(url.username)
  const password = decoded(url.password)
  if (username === undefined || password === undefined) return undefined
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
