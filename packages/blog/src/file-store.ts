import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { inPieces } from './in-pieces.ts'
import { cleanLine } from './plain-text.ts'
import { runPipeline } from './run-pipeline.ts'
import { storedDate } from './stored-date.ts'

const fileRecord = z.object({
  id: z.string().min(1),
  owner: z.string().min(1),
  name: z.string(),
  type: z.string().regex(/^[\w.+-]+\/[\w.+-]+(; ?charset=[\w-]+)?$/, 'Expected a media type like text/csv.'),
  size: z.int(),
  createdAt: storedDate,
  expiresAt: storedDate,
  content: z.string(),
  pieces: z.int(),
})

/** A file that is kept for its owner until `expiresAt`. Whoever serves it checks the owner. */
export type StoredFile = Omit<z.output<typeof fileRecord>, 'content' | 'pieces'>

/** What `save` is given. `ttl` is in milliseconds; `id` is a random UUID unless given. */
export interface NewFile {
  id?: string
  owner: string
  name: string
  type: string
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  ttl: number
}

/** `save` refused a file of more than `maxBytes`; nothing of it is kept. */
export class FileTooLargeError extends Error {
  override name = 'FileTooLargeError'
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`The file is larger than ${maxBytes} bytes.`)
    this.maxBytes = maxBytes
  }
}

/** `read` was asked for a file that never was, or has expired. */
export class FileGoneError extends Error {
  override name = 'FileGoneError'
}

const PIECE_BYTES = 256 * 1024
const WRITING_TTL = 10 * 60_000 // what a writer that died leaves behind is gone after ten minutes
const READING_TTL = 60_000 // who has begun to read may finish when the file expires or is replaced

/**
 * Files in Redis, so that web and worker may run on different machines. A file's content is a hash of pieces of
 * 256 kB under a random name; its record, written last, points to it. So a file is seen whole or not at all,
 * and replacing one is one step.
 */
export class FileStore {
  readonly #redis: Redis
  readonly #prefix: string

  /** @param options.prefix begins every key */
  constructor(options: { redis: Redis; prefix: string }) {
    this.#redis = options.redis
    this.#prefix = options.prefix
  }

  /**
   * Stores a file while its content arrives. One with the same id is replaced once the new one is whole.
   * @throws FileTooLargeError past `limits.maxBytes`, and whatever `content` throws
   */
  async save(file: NewFile, limits: { maxBytes: number }): Promise<StoredFile> {
    const content = randomUUID()
    try {
      const { size, pieces } = await this.#write(content, file.content, limits.maxBytes)
      const createdAt = new Date()
      const record = {
        id: file.id ?? randomUUID(),
        owner: file.owner,
        name: cleanLine(file.name).slice(0, 200),
        type: file.type,
        size,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + file.ttl),
        content,
        pieces,
      }
      await this.#publish(record, file.ttl)
      return withoutContent(record)
    } catch (error) {
      // It expires by itself should this fail too, and the first error is the one to know: at once, where Redis is away.
      this.#redis.unlink(this.#contentKey(content)).catch(() => undefined)
      throw error
    }
  }

  /** The file with this id, unless it has expired. */
  async find(id: string): Promise<StoredFile | undefined> {
    const record = await this.#record(id)
    return record && withoutContent(record)
  }

  /**
   * A file's content, piece by piece.
   * @throws FileGoneError when there is no such file (before the first piece), or it goes while it is read
   */
  async *read(id: string): AsyncGenerator<Buffer> {
    const record = await this.#record(id)
    if (!record) throw new FileGoneError('There is no such file.')
    for (let index = 0; index < record.pieces; index += 1) {
      const piece = await this.#redis.hgetBuffer(this.#contentKey(record.content), String(index))
      if (!piece) throw new FileGoneError('The file expired while it was read.')
      yield piece
    }
  }

  /** Deletes all files of an owner. It looks at every file there is, so it takes its time. */
  async deleteOf(owner: string): Promise<void> {
    let cursor = '0'
    do {
      const pattern = `${this.#prefix.replace(/[\\[\]*?]/g, '\\$&')}:file:*`
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', 500)
      for (const key of keys) {
        const record = await this.#record(key.slice(`${this.#prefix}:file:`.length))
        if (record?.owner === owner) await this.#redis.unlink(key, this.#contentKey(record.content))
      }
      cursor = next
    } while (cursor !== '0')
  }

  async #write(content: string, source: NewFile['content'], maxBytes: number) {
    const key = this.#contentKey(content)
    let size = 0
    let pieces = 0
    for await (const piece of inPieces(source, PIECE_BYTES)) {
      size += piece.length
      if (size > maxBytes) throw new FileTooLargeError(maxBytes)
      await runPipeline(this.#redis.multi().hset(key, String(pieces), piece).pexpire(key, WRITING_TTL))
      pieces += 1
    }
    return { size, pieces }
  }

  async #publish(record: z.output<typeof fileRecord>, ttl: number): Promise<void> {
    const stored = JSON.stringify(z.encode(fileRecord, record))
    const [earlier] = await runPipeline(
      this.#redis
        .multi()
        .get(this.#fileKey(record.id))
        .set(this.#fileKey(record.id), stored, 'PX', ttl)
        .pexpire(this.#contentKey(record.content), ttl + READING_TTL),
    )
    if (typeof earlier !== 'string') return
    const { content } = z.decode(fileRecord, JSON.parse(earlier))
    await this.#redis.pexpire(this.#contentKey(content), READING_TTL)
  }

  async #record(id: string) {
    const stored = await this.#redis.get(this.#fileKey(id))
    return stored === null ? undefined : z.decode(fileRecord, JSON.parse(stored))
  }

  #fileKey(id: string): string {
    return `${this.#prefix}:file:${id}`
  }

  #contentKey(content: string): string {
    return `${this.#prefix}:file-content:${content}`
  }
}

function withoutContent({ content: _, pieces: __, ...file }: z.output<typeof fileRecord>): StoredFile {
  return file
}
