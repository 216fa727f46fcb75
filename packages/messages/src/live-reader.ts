import { createHash } from 'node:crypto'
import type { Reader } from './message-store.ts'
import { type Owner, requestReader } from './request-reader.ts'

/** What this needs of a request. */
interface RequestWithSession {
  readonly session?: { reload?(): Promise<void> } | null
}

/**
 * Who reads a stream, or confirms what it brought; `undefined` for nobody.
 * @param options.again loads the session from its store once more, where it can be: it may have ended meanwhile
 */
export async function liveReader<R extends object>(
  request: R,
  owner: (request: R) => Owner | Promise<Owner>,
  { again }: { again: boolean },
): Promise<Reader | undefined> {
  if (again) await (request as RequestWithSession).session?.reload?.()
  const reader = requestReader(request, await owner(request))
  return reader.owner === undefined && reader.browser === undefined ? undefined : reader
}

/** Whether two answers of {@link liveReader} are the same person at the same browser. */
export function isSameReader(one: Reader | undefined, other: Reader | undefined): boolean {
  return one?.owner === other?.owner && one?.browser === other?.browser
}

/**
 * What a page says of its reader (`data-reader` of its live region), so that it never shows what a stream or another tab
 * brings for somebody who has logged in since: a short hash of the owner's id, and '' for a visitor.
 */
export function readerMark(owner: string | undefined): string {
  if (owner === undefined) return ''
  return createHash('sha256').update(`tidings reader ${owner}`).digest('base64url').slice(0, 16)
}
