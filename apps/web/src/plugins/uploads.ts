import fastifyMultipart from '@fastify/multipart'
import { IMPORT_MAX_BYTES } from '@tidings/blog'
import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { PageError } from '../page-error.ts'
import { Upload } from '../sent-form.ts'
import { userOf } from './access.ts'

/** For the form's other fields and the borders between them. */
const ROOM_FOR_FIELDS = 512 * 1024
const LONGEST_FIELD = 256 * 1024

/** Uploads that are on their way: of one user, and in this process, where each may hold ten megabytes. */
const PER_USER = 3
const AT_ONCE = 30

/** Reads forms that carry a file. For routes that only let in who is logged in: files are held in memory while they arrive. */
export const uploads = fastifyPlugin<{ mostFields: number }>(async (app, { mostFields }) => {
  // The form's own, and a few that no browser adds.
  const fields = Math.max(10, mostFields + 6)
  await app.register(fastifyMultipart, {
    limits: {
      fileSize: IMPORT_MAX_BYTES,
      files: 1,
      fields,
      parts: fields + 1,
      fieldSize: LONGEST_FIELD,
      fieldNameSize: 100,
      headerPairs: 20,
    },
  })
  app.addHook('onRequest', async request => {
    if (Number(request.headers['content-length']) > IMPORT_MAX_BYTES + ROOM_FOR_FIELDS) {
      throw new PageError(413, 'the upload is larger than a file may be')
    }
  })
  const open = new Map<string, number>()
  let all = 0
  app.addHook('preValidation', async (request, { raw }) => {
    if (!request.isMultipart()) return
    const { id } = userOf(request)
    const own = open.get(id) ?? 0
    if (own >= PER_USER || all >= AT_ONCE)
      throw new PageError(429, `${own} uploads of this user are on their way, ${all} in all`)
    const count = (by: 1 | -1) => {
      all += by
      const now = (open.get(id) ?? 0) + by
      if (now === 0) open.delete(id)
      else open.set(id, now)
    }
    count(1)
    // However it ends: what it holds is free then.
    raw.once('close', () => count(-1))
    request.body = await readParts(request)
  })
})

async function readParts(request: FastifyRequest): Promise<Record<string, string | Upload>> {
  const fields = new Map<string, string | Upload>()
  try {
    for await (const part of request.parts()) {
      const value = part.type === 'file' ? new Upload(part.filename ?? '', await part.toBuffer()) : part.value
      if (typeof value !== 'string' && !(value instanceof Upload))
        throw new PageError(400, 'a field is no text')
      if (part.type === 'field' && part.valueTruncated) throw new PageError(400, 'a field is too long')
      if (fields.has(part.fieldname)) throw new PageError(400, 'a field was sent twice')
      fields.set(part.fieldname, value)
    }
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error) throw error
    throw new PageError(400, 'the form could not be read', { cause: error })
  }
  return Object.fromEntries(fields)
}
