import { randomUUID } from 'node:crypto'
import { z } from 'zod'

// Where the browser's id is kept in its session; an application that renews a session at login keeps this key.
const SESSION_KEY = 'messages'

const markSchema = z.object({
  browser: z.string(),
  owner: z.string().optional(),
  was: z.string().optional(),
})

/** What this needs of a session; that of @fastify/session has it. */
export interface BrowserSession {
  get(key: string): unknown
  set(key: string, value: unknown): void
}

/**
 * The id under which messages wait for a browser. It is random, lives in the session, and belongs to the first owner who
 * logs in with it: what a visitor was told is still there after the login, and nobody else on that browser ever sees it.
 * @param options.create gives an id to a browser that has none
 * @param options.was who has just logged out: what they were told meanwhile is for a visitor, and for no other owner
 */
export function sessionBrowser(
  session: BrowserSession,
  owner: string | undefined,
  { create, was }: { create: boolean; was?: string | undefined },
): string | undefined {
  const kept = session.get(SESSION_KEY)
  // Most sessions hold none: a schema takes long to say so.
  const found = kept === undefined || kept === null ? undefined : markSchema.safeParse(kept).data
  const mark = found && isFor(found, owner) ? found : undefined
  if (!mark && !create) return undefined
  const browser = mark?.browser ?? randomUUID()
  if (!mark || mark.owner !== owner) {
    session.set(SESSION_KEY, owner === undefined ? { browser, was } : { browser, owner })
  }
  return browser
}

function isFor(mark: z.output<typeof markSchema>, owner: string | undefined): boolean {
  if (mark.owner !== undefined) return mark.owner === owner
  return owner === undefined || mark.was === undefined || mark.was === owner
}
