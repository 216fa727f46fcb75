import { existsSync } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { run } from './run.ts'

/** A server that was unpacked, and what it needs in its environment. */
export interface UnpackedServer {
  file: string
  env: NodeJS.ProcessEnv
}

/** The server that an earlier start unpacked, if there is one. */
export async function cachedBinary(dataDir: string): Promise<UnpackedServer | undefined> {
  for (const cache of cacheDirectories(dataDir)) {
    const server = await serverIn(join(cache, 'redis'))
    if (server !== undefined) return server
  }
  return undefined
}

/**
 * Fetches Debian's or Ubuntu's package with apt-get and unpacks it into the user's cache: no root, no service, and no
 * file outside that folder. It brings the libraries along that aren't installed.
 *
 * @returns undefined where there is no apt-get, no network or no such package
 */
export async function unpackDebianPackage(log: Logger, dataDir: string): Promise<UnpackedServer | undefined> {
  if (process.platform !== 'linux' || (await run('dpkg-deb', ['--version'], { limit: 5_000 })).code !== 0)
    return undefined
  const cache = await writableCache(dataDir)
  if (cache === undefined) return undefined
  log.info('fetching a Redis server from the distribution, without root (about 2 MB, the first time only)')
  const scratch = await mkdtemp(join(cache, 'unpack-'))
  try {
    if (!(await download(scratch, [])) && !(await downloadWithOwnLists(scratch))) return undefined
    const root = join(scratch, 'root')
    for (const name of await readdir(scratch)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(scratch, name), root], { limit: 60_000 })
    }
    if ((await serverIn(root)) === undefined) return undefined
    const home = join(cache, 'redis')
    // Another process may have been faster: then its copy is as good.
    await rename(root, home).catch(() => {})
    return await serverIn(home)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const PACKAGE = 'redis-tools'

async function download(scratch: string, options: string[]): Promise<boolean> {
  // A simulated installation names what is missing; it needs no root.
  const plan = await aptGet(
    [...options, '--simulate', '--no-install-recommends', 'install', PACKAGE],
    scratch,
  )
  if (plan.code !== 0) return false
  const missing = [...plan.output.matchAll(/^Inst (\S+)/gm)].map(match => match[1] ?? '')
  const names = [...new Set([PACKAGE, ...missing])]
  return (await aptGet([...options, 'download', ...names], scratch)).code === 0
}

async function downloadWithOwnLists(scratch: string): Promise<boolean> {
  const lists = join(scratch, 'lists')
  const cache = join(scratch, 'cache')
  await mkdir(join(lists, 'partial'), { recursive: true })
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`]
  // One source of several may fail and the package still be found.
  await aptGet([...options, 'update'], scratch)
  return download(scratch, options)
}

function aptGet(args: string[], cwd: string) {
  const steady = [
    '-q',
    '-y',
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    'Acquire::Retries=1',
    '-o',
    'Acquire::http::Timeout=15',
  ]
  return run('apt-get', [...steady, ...args], { cwd, env: { ...process.env, LC_ALL: 'C' }, limit: 90_000 })
}

async function serverIn(root: string): Promise<UnpackedServer | undefined> {
  for (const name of ['redis-check-rdb', 'valkey-check-rdb']) {
    const file = join(root, 'usr', 'bin', name)
    if (!existsSync(file)) continue
    const libraries = await libraryDirectories(root)
    const paths = [...libraries, process.env.LD_LIBRARY_PATH].filter(
      path => path !== undefined && path !== '',
    )
    return { file, env: paths.length === 0 ? {} : { LD_LIBRARY_PATH: paths.join(':') } }
  }
  return undefined
}

async function libraryDirectories(root: string): Promise<string[]> {
  const found: string[] = []
  for (const parent of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    const names = await readdir(parent).catch(() => [])
    found.push(
      ...names
        .filter(name => name.endsWith('-gnu') || name.includes('-linux-'))
        .map(name => join(parent, name)),
    )
  }
  return found
}

async function writableCache(dataDir: string): Promise<string | undefined> {
  for (const cache of cacheDirectories(dataDir)) {
    const made = await mkdir(cache, { recursive: true, mode: 0o700 })
      .then(() => access(cache, 2))
      .then(
        () => true,
        () => false,
      )
    if (made) return cache
  }
  return undefined
}

/** The user's cache; and for a user without a home, the data directory. */
function cacheDirectories(dataDir: string): string[] {
  const xdg = process.env.XDG_CACHE_HOME ?? ''
  const home = isAbsolute(xdg) ? xdg : join(homedir(), '.cache')
  return [join(home, 'tidings'), join(resolve(dataDir), 'cache')]
}
