import type { FastifyRequest } from 'fastify'
import { sentFields } from './sent-fields.ts'

/** A form that could not be accepted just now, to be sent again as it was. */
export interface FormAgain {
  action: string
  fields: { name: string; value: string }[]
}

/** The form of a request that failed, where its route says `keepsForm`; undefined where it can't be had, or not all of it. */
export async function formAgain(request: FastifyRequest): Promise<FormAgain | undefined> {
  const [type = ''] = request.headers['content-type']?.split(';', 1) ?? []
  if (request.routeOptions.config.keepsForm !== true) return undefined
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return undefined
  const { texts, isWhole } = await sentFields(request)
  if (!isWhole) return undefined
  const fields = Object.entries(texts).map(([name, value]) => ({ name, value }))
  return { action: request.originalUrl, fields }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the page that answers a form while Redis is away gives it back, to be sent again. Not for passwords. */
    keepsForm?: boolean
  }
}
