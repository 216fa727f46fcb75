import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'

const MAX_FIELDS = 20
const MAX_TEXT = 4096
// What a form of ours holds besides its file has long arrived.
const WITHIN = 200

/**
 * A form's fields up to its first file, of a request whose body nobody has read: what could be read within 200 ms. The rest
 * of the body is read to its end and dropped, so that its sender gets to the answer.
 */
export async function sentFields({ raw }: Pick<FastifyRequest, 'raw'>): Promise<Record<string, string>> {
  const fields = new Map<string, string>()
  const type = raw.headers['content-type']
  if (type === undefined) return {}
  let parser: BusboyInstance
  try {
    const limits = { fields: MAX_FIELDS, fieldSize: MAX_TEXT, fieldNameSize: 100, headerPairs: 20 }
    parser = new Busboy({ headers: { 'content-type': type }, limits })
  } catch {
    return {} // no form
  }
  await new Promise<void>(resolve => {
    const timer = setTimeout(done, WITHIN)
    function done(): void {
      clearTimeout(timer)
      resolve()
    }
    parser.on('field', (name, value, isNameCut, isValueCut) => {
      if (!isNameCut && !isValueCut && !fields.has(name)) fields.set(name, value)
    })
    parser.on('file', (_name, file) => {
      file.on('error', () => {}).resume()
      done()
    })
    parser.on('finish', done).on('error', done)
    raw.once('close', done)
    raw.pipe(parser)
  })
  raw.unpipe(parser)
  raw.resume()
  return Object.fromEntries(fields)
}
