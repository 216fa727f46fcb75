import type { FastifyRequest } from 'fastify'

const LEVELS = {
  login: 'info',
  'login failed': 'warn',
  'login throttled': 'warn',
  logout: 'info',
  'password changed': 'info',
  'sessions ended': 'info',
  'form refused': 'warn',
  'rate limited': 'warn',
  'access denied': 'info',
} as const

/** What is logged for whoever looks after security: docs/security.md says when. */
export type SecurityEvent = keyof typeof LEVELS

/** Writes a line with the event's name, who and from where, under the request's id. Never what was typed. */
export function logSecurity(request: FastifyRequest, event: SecurityEvent, facts: object = {}): void {
  request.log[LEVELS[event]]({ event, user: request.user?.id, ip: request.ip, ...facts }, event)
}
