import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { beforeSend } from './before-send.ts'

/**
 * What a route says when it succeeded: a text in which `%(name)s` is the field `name` of the submitted form, and `%%` a `%`;
 * or a function that answers the text, of what the handler replied with. Nothing is said for '' and `undefined`.
 */
export type SuccessMessage =
  | string
  | ((request: FastifyRequest, reply: FastifyReply, payload: unknown) => string | undefined)

const UNSAFE_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

const kText = Symbol('tidings.success')
const kIsArmed = Symbol('tidings.success.armed')

interface Carrier {
  [kText]?: string | undefined
}

/**
 * Adds the `successMessage` of a route as a SUCCESS message when its handler has answered an unsafe method with 2xx or 3xx.
 * For the routes that are declared from now on.
 * @returns what is to be called when a reply is about to be sent
 */
export function addSuccessMessages(
  app: FastifyInstance,
  { development }: { development: boolean },
): (request: FastifyRequest, reply: FastifyReply) => void {
  const late = new Set<string | undefined>()

  app.addHook('onRoute', route => {
    const { successMessage } = route.config ?? {}
    if (successMessage === undefined) return
    route.config = Object.assign({}, route.config, { [kIsArmed]: true })
    // The last hook before the handler: what a guard answered in its place is no success.
    route.preHandler = [route.preHandler ?? [], prepare].flat() as RouteOptions['preHandler']
  })

  return (request: FastifyRequest & Carrier, reply) => {
    const text = request[kText]
    if (text && reply.statusCode >= 200 && reply.statusCode < 400) {
      request.messages.success(text, { failSilently: true })
    }
    if (development) warnOfLatePlugin(request)
  }

  function warnOfLatePlugin(request: FastifyRequest): void {
    const { config, url } = request.routeOptions
    if (config.successMessage === undefined || kIsArmed in config || late.has(url)) return
    late.add(url)
    request.log.warn({ url }, 'successMessage does nothing: register fastifyMessages before this route')
  }
}

// The text is made of the payload as the handler gave it, but said only when the reply is sure to succeed.
function prepare(request: FastifyRequest & Carrier, reply: FastifyReply, done: () => void): void {
  if (UNSAFE_METHODS.has(request.method)) {
    beforeSend(reply, payload => {
      request[kText] = payload instanceof Error ? undefined : textOf(request, reply, payload)
    })
  }
  done()
}

function textOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): string | undefined {
  const { successMessage } = request.routeOptions.config
  if (reply.statusCode >= 400 || successMessage === undefined) return undefined
  try {
    const text =
      typeof successMessage === 'string'
        ? filledIn(successMessage, request.body)
        : successMessage(request, reply, payload)
    if (text) request.messages.expect()
    return text
  } catch (err) {
    request.log.error({ err }, 'the successMessage of a route could not be made')
    return undefined
  }
}

/** Fills `%(name)s` from a form; a field that is missing, or no text, is ''. */
function filledIn(template: string, form: unknown): string {
  return template.replace(/%(?:%|\((.*?)\)s)/g, (match, name?: string) => {
    if (name === undefined) return match === '%%' ? '%' : match
    const value = isObject(form) && Object.hasOwn(form, name) ? form[name] : undefined
    return [value].flat().filter(isPlain).join(', ')
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
}
