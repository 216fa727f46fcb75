import { createHash } from 'node:crypto'
import type { AuditLog } from '@tidings/blog'
import type { FastifyRequest } from 'fastify'
import { userOf } from '../../plugins/access.ts'

const MAX_TO = 2000

/** What a member of staff is about to do. */
export interface StaffAction {
  /** A noun and a verb, such as `message.send`. */
  action: string
  /** To whom or what. */
  to: string
  count: number
  text?: string
}

/** What came of it, and how the audit log says it. */
export interface Done<T> {
  result: T
  note: string
}

/**
 * Does something in the name of a member of staff. It is in the audit log before it begins: where that can't be written, nothing is
 * done. How it ended is noted after, and all of it is logged as well; of a text the log has the digest alone.
 */
export async function staffAction<T>(
  request: FastifyRequest,
  audit: AuditLog,
  { action, to, count, text }: StaffAction,
  act: () => Promise<Done<T>>,
): Promise<T> {
  const { id, username } = userOf(request)
  const digest = text === undefined ? undefined : createHash('sha256').update(text).digest('hex')
  const entry = await audit.begin({
    by: { id, username },
    action,
    to: cut(to),
    count,
    text,
    digest,
    request: request.id,
  })
  const facts = { event: 'staff action', action, user: id, to: cut(to, 200), count, digest, entry }
  try {
    const { result, note } = await act()
    request.log.info({ ...facts, outcome: 'done', note }, `staff: ${action}`)
    // It is done. That nobody could note it is no reason to have somebody do it again.
    await audit.end(entry, 'done', note).catch(err => request.log.error({ err, entry }, 'not noted: done'))
    return result
  } catch (err) {
    request.log.warn({ ...facts, outcome: 'failed', err }, `staff: ${action}`)
    await audit.end(entry, 'failed', 'It broke off; the log says why.').catch(() => {})
    throw err
  }
}

function cut(text: string, max = MAX_TO): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}
