import { readFile, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

/**
 * The process id of the server of this directory, if it lives. The server writes it to `redis.pid` and removes that
 * file when it stops in order, so a file without its process tells of an unclean stop.
 */
export async function livingServer(directory: string): Promise<number | undefined> {
  const pid = await writtenPid(directory)
  return pid !== undefined && (await isServerOf(pid, directory)) ? pid : undefined
}

/** The process id in `redis.pid`, whether that process lives or not. */
export async function writtenPid(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, 'redis.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return pid > 1 ? pid : undefined
}

// The number may long belong to another program, and a dead child that nobody waited for still has one. A living server
// has its folder as its working directory, and a dead one has none.
async function isServerOf(pid: number, directory: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
    return folder !== undefined && folder === (await realpath(directory).catch(() => directory))
  }
  const { output } = await run('ps', ['-o', 'stat=,command=', '-p', String(pid)], { limit: 5_000 })
  return /^\s*[^Z\s]\S*\s+.*(redis|valkey)/.test(output)
}
