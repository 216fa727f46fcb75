/** Says what a client other than the package's script has shown, and what to do if that can't be said. */
export async function confirmShown(
  site: string,
  ids: readonly string[],
  headers: Record<string, string>,
): Promise<'confirmed' | 'log in' | 'try later' | 'give up'> {
  const answer = await fetch(new URL('/messages/confirm', site), {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ ids }),
  })
  if (answer.ok) return 'confirmed'
  const { code } = (await answer.json()) as { code?: string }
  if (code === 'TIDINGS_LIVE_NOBODY') return 'log in'
  if (code === 'TIDINGS_LIVE_STORE_AWAY') return 'try later'
  return 'give up' // TIDINGS_LIVE_IDS_EXPECTED, TIDINGS_LIVE_FOREIGN_SITE, or what your own hooks answer
}
