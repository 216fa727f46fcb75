import fastifyMultipart from '@fastify/multipart'
import { IMPORT_MAX_BYTES } from '@tidings/blog'
import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { PageError } from '../page-error.ts'
import { Upload } from '../sent-form.ts'

/** For the form's other fields and the borders between them. */
const ROOM_FOR_FIELDS = 512 * 1024
const LONGEST_FIELD = 256 * 1024

/** Reads forms that carry a file. For routes that only let in who is logged in: files are held in memory while they arrive. */
export const uploads = fastifyPlugin<{ mostFields: number }>(async (app, { mostFields }) => {
  // The form's own, and a few that no browser adds.
  const fields = Math.max(10, mostFields + 4)
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
  app.addHook('preValidation', async request => {
    if (request.isMultipart()) request.body = await readParts(request)
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
