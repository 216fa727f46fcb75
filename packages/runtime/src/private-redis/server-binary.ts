import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Logger } from 'pino'
import { NoRedisError } from '../no-redis-error.ts'
import { isNewEnough, OLDEST_REDIS } from '../redis-version.ts'
import { cachedBinary, unpackDebianPackage } from './debian-package.ts'
import { run } from './run.ts'

/**
 * A program that is a Redis or Valkey server. Its checking tools are the same program under another name, so it is
 * always started with the name (argv[0]) of the tool that is meant.
 */
export interface ServerBinary {
  file: string
  /** What else it needs in its environment, such as the folder of its libraries. */
  env: NodeJS.ProcessEnv
  version: string
}

/**
 * Finds a server: `redis-server` or `valkey-server` on PATH; the same program under the name of its checking tool, as
 * Debian's redis-tools installs it; or, on Debian and Ubuntu, that package unpacked into the user's cache without root.
 *
 * @throws NoRedisError that lists the remedies when there is none
 */
export async function findServerBinary(log: Logger, dataDir: string): Promise<ServerBinary> {
  if (process.platform === 'win32') throw new NoRedisError(NONE_ON_WINDOWS)
  const tooOld: string[] = []
  const usable = async (file: string | undefined, env: NodeJS.ProcessEnv = {}) => {
    const version = file === undefined ? undefined : await serverVersion(file, env)
    if (file === undefined || version === undefined) return undefined
    if (isNewEnough(version)) return { file, env, version }
    tooOld.push(`${file} is ${version}`)
    return undefined
  }
  for (const name of ['redis-server', 'valkey-server', 'redis-check-rdb', 'valkey-check-rdb']) {
    const found = await usable(await onPath(name))
    if (found !== undefined) return found
  }
  const unpacked = (await cachedBinary(dataDir)) ?? (await unpackDebianPackage(log, dataDir))
  const found = await usable(unpacked?.file, unpacked?.env)
  if (found !== undefined) return found
  throw new NoRedisError(
    tooOld.length === 0 ? NONE : `${tooOld.join(', ')}; ${OLDEST_REDIS} or newer is needed.\n${NONE}`,
  )
}

const NONE = `No Redis to use. One of these helps:
  set REDIS_URL to a Redis that is running, such as redis://127.0.0.1:6379
  apt-get install redis-server     (Debian, Ubuntu)
  brew install valkey              (macOS)
  docker compose up -d redis       and REDIS_URL=redis://127.0.0.1:6379`

const NONE_ON_WINDOWS =
  'No Redis to use: on Windows Tidings can\'t start one by itself. Work in WSL 2, or run "docker compose up -d redis" and set REDIS_URL=redis://127.0.0.1:6379.'

async function serverVersion(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { output } = await run(file, ['--version'], {
    argv0: serverName(file),
    env: { ...process.env, ...env },
    limit: 5_000,
  })
  return /server v=(\d+\.\d+\.\d+)/i.exec(output)?.[1]
}

/** The name under which the program is the server. */
export function serverName(file: string): string {
  return file.includes('valkey') ? 'valkey-server' : 'redis-server'
}

async function onPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(directory, name)
    const runnable = await access(file, constants.X_OK).then(
      () => stat(file),
      () => undefined,
    )
    if (runnable?.isFile()) return file
  }
  return undefined
}
