import { constants } from 'node:fs'
import { access, chmod, mkdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { NoRedisError } from '../no-redis-error.ts'

/**
 * Makes the folder of the private Redis (`DATA_DIR/redis`, mode 0700) and gives its real path.
 *
 * @throws NoRedisError when it can't be made or belongs to another user
 */
export async function redisDirectory(dataDir: string): Promise<string> {
  const data = resolve(dataDir)
  const directory = join(data, 'redis')
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const { uid } = await stat(directory)
    const me = process.getuid?.() ?? uid
    // Root could write there, but would leave files that their owner can't read.
    if (uid !== me) throw new NoRedisError(belongsToAnother(directory))
    await chmod(directory, 0o700)
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    return await realpath(directory)
  } catch (error) {
    throw error instanceof NoRedisError ? error : new NoRedisError(explain(error, data), { cause: error })
  }
}

function explain(error: unknown, data: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' || code === 'EPERM') return belongsToAnother(data)
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error))
  return `The data directory ${data} can't be used (${reason}). Set DATA_DIR to a directory of yours.`
}

const REASONS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file in its place',
  ENOSPC: 'the disk is full',
}

function belongsToAnother(path: string): string {
  return `The data directory ${path} belongs to another user. Set DATA_DIR to a directory of yours, or have this one handed over (chown -R).`
}
