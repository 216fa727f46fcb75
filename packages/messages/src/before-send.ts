import type { FastifyReply } from 'fastify'

/**
 * Calls back when a reply is about to be sent, while the session can still be written: the session's own onSend hook comes
 * before those of whoever is registered later. Called again where the first attempt failed.
 */
export function beforeSend(reply: FastifyReply, callback: (payload: unknown) => void): void {
  const { send } = reply
  reply.send = payload => {
    callback(payload)
    return send.call(reply, payload)
  }
}
