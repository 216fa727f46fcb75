import { mkdirSync } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RedisServer } from '../redis-server.ts'

// The file and what is told to replicas differ by a few bytes, such as a choice of the database.
const MARGIN = 512

/** Options of a server that writes all that it does into a file of its own: what it never told its replica stands there. */
export function writesDown(directory: string): (port: number) => string[] {
  return port => {
    mkdirSync(folderOf(directory, port))
    return [
      ...['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0'],
      ...['--dir', folderOf(directory, port), '--repl-ping-replica-period', '3600'],
    ]
  }
}

/** A master's file, held open from before it is parted until it has become a replica and thrown the file away. */
export class MastersFile {
  readonly #file: FileHandle
  /** How much more bytes it has told replicas than the file has. */
  readonly #ahead: number
  #known = 0

  private constructor(file: FileHandle, ahead: number) {
    this.#file = file
    this.#ahead = ahead
  }

  static async open(master: RedisServer, directory: string): Promise<MastersFile> {
    const names = await readdir(folderOf(directory, master.port), { recursive: true })
    // One file before Redis 7; since then a folder of files, of which the last is written to.
    const written = names.filter(name => /(\.incr|appendonly)\.aof$/.test(name)).sort()
    const file = await open(join(folderOf(directory, master.port), written.at(-1) ?? ''))
    // Between two commands that change something, the two numbers are of one moment.
    for (;;) {
      const before = await offsetOf(master)
      const { size } = await file.stat()
      if ((await offsetOf(master)) === before) return new MastersFile(file, before - size)
    }
  }

  /** Another has taken over: notes how far that one had come. To be called as soon as it has, because the next failover takes the number away. */
  async tookOver(successor: RedisServer): Promise<void> {
    this.#known = Number(/second_repl_offset:(\d+)/.exec(await successor.redis.info('replication'))?.[1]) - 1
    if (!(this.#known >= 0))
      throw new Error(`${successor.host}:${successor.port} has not taken over from anybody`)
  }

  /** What the master wrote that the one which took over never had: nobody knows of it any more. */
  async unknown(): Promise<{ text: string; bytes: number }> {
    const { size } = await this.#file.stat()
    const from = this.#known - this.#ahead
    const length = size - from
    if (length <= 0) return { text: '', bytes: 0 }
    const { buffer } = await this.#file.read(
      Buffer.alloc(length + MARGIN),
      0,
      length + MARGIN,
      Math.max(0, from - MARGIN),
    )
    return { text: buffer.toString('latin1'), bytes: length }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function folderOf(directory: string, port: number): string {
  return join(directory, `writes-${port}`)
}

async function offsetOf({ redis }: RedisServer): Promise<number> {
  return Number(/master_repl_offset:(\d+)/.exec(await redis.info('replication'))?.[1])
}
