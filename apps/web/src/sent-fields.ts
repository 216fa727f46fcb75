import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'
import { Upload } from './sent-form.ts'

/** The texts of a form, as far as they are known. */
export interface SentFields {
  texts: Record<string, string>
  /** Whether these are all that was sent. */
  isWhole: boolean
  hasFile: boolean
}

const MAX_FIELDS = 100
// What a form of ours holds besides its file has long arrived.
const WITHIN = 200
const NONE: SentFields = { texts: {}, isWhole: false, hasFile: false }

/**
 * The texts of the form that came with a request: also where it failed, or was refused, before anybody had read its body. Then what
 * stands before the form's first file is read, as far as it arrives within `within` ms and has up to `maxBytes`; the rest is read to its
 * end and dropped, so that its sender gets to the answer.
 */
export async function sentFields(
  { raw, body, routeOptions }: Pick<FastifyRequest, 'raw' | 'body' | 'routeOptions'>,
  { within = WITHIN, maxBytes = routeOptions.bodyLimit ?? 0 }: { within?: number; maxBytes?: number } = {},
): Promise<SentFields> {
  if (body) return fieldsIn(body)
  const type = raw.headers['content-type']
  if (type === undefined || raw.readableEnded || raw.destroyed) return NONE
  let parser: BusboyInstance
  try {
    const limits = { fields: MAX_FIELDS, fieldSize: maxBytes, fieldNameSize: 100, headerPairs: 20 }
    parser = new Busboy({ headers: { 'content-type': type }, limits })
  } catch {
    return NONE // no form
  }
  const texts = new Map<string, string>()
  let hasFile = false
  let bytes = 0
  const isWhole = await new Promise<boolean>(resolve => {
    const timer = setTimeout(end, within, false)
    let isCut = false
    function end(isAll: boolean): void {
      clearTimeout(timer)
      raw.off('data', count)
      resolve(isAll && !isCut)
    }
    function count(chunk: Buffer): void {
      bytes += chunk.length
      if (bytes > maxBytes) end(false)
    }
    parser.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) isCut = true
      else if (!texts.has(name)) texts.set(name, value)
    })
    parser.on('file', (_name, file) => {
      hasFile = true
      file.on('error', () => {}).resume()
      end(false)
    })
    parser.on('fieldsLimit', () => end(false))
    parser.on('finish', () => end(true)).on('error', () => end(false))
    raw.once('close', () => end(false))
    raw.on('data', count).pipe(parser)
  })
  raw.unpipe(parser)
  raw.resume()
  return { texts: Object.fromEntries(texts), isWhole, hasFile }
}

function fieldsIn(body: unknown): SentFields {
  const fields = Object.entries(Object(body))
  const texts = fields.filter((field): field is [string, string] => typeof field[1] === 'string')
  const hasFile = fields.some(([, value]) => value instanceof Upload)
  return { texts: Object.fromEntries(texts), isWhole: true, hasFile }
}
