import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

/** A form that could not be accepted just now, to be sent again as it was. */
export interface ReturnedForm {
  action: string
  fields: { name: string; value: string }[]
}

const URLENCODED = 'application/x-www-form-urlencoded'
const READ_WITHIN = 200

/**
 * The form of a request that failed, where its route says `keepsForm`; undefined where it can't be had. What failed may have
 * failed before the body was read: then it is read now, if it is there at once.
 */
export async function returnedForm(request: FastifyRequest): Promise<ReturnedForm | undefined> {
  const { config, bodyLimit = 0 } = request.routeOptions
  const [type = ''] = request.headers['content-type']?.split(';', 1) ?? []
  if (config.keepsForm !== true || type.trim().toLowerCase() !== URLENCODED) return undefined
  const fields = request.body ? textsIn(request.body) : fieldsIn(await unreadBody(request.raw, bodyLimit))
  return fields && { action: request.originalUrl, fields }
}

function textsIn(body: unknown): ReturnedForm['fields'] {
  return Object.entries(Object(body)).flatMap(([name, value]) =>
    typeof value === 'string' ? [{ name, value }] : [],
  )
}

function fieldsIn(body: string | undefined): ReturnedForm['fields'] | undefined {
  return body === undefined
    ? undefined
    : [...new URLSearchParams(body)].map(([name, value]) => ({ name, value }))
}

// By events: leaving a loop over the stream would close the connection on which the page is to be sent.
function unreadBody(raw: Readable, limit: number): Promise<string | undefined> {
  if (raw.readableEnded || raw.destroyed) return Promise.resolve(undefined)
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => end(undefined), READ_WITHIN)
    raw.on('data', take).on('end', ended).on('error', ended)

    function take(chunk: Buffer) {
      size += chunk.length
      if (size > limit) end(undefined)
      else chunks.push(chunk)
    }
    function ended(error?: Error) {
      end(error ? undefined : Buffer.concat(chunks).toString())
    }
    function end(body: string | undefined) {
      clearTimeout(timer)
      raw.off('data', take).off('end', ended)
      raw.resume()
      resolve(body)
    }
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the page that answers a form while Redis is away gives it back, to be sent again. Not for passwords. */
    keepsForm?: boolean
  }
}
