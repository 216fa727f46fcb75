import type { MessageStore } from '@tidings/messages'

/** Says what is unread somewhere that is no page. It is taken first, so that no page shows it at the same moment. */
export async function printUnread(
  store: MessageStore,
  owner: string,
  print: (text: string) => Promise<void>,
): Promise<number> {
  const claim = await store.claim({ owner }, { limit: 10 })
  if (!claim) return 0
  try {
    for (const { text } of claim.messages) await print(text)
  } catch (error) {
    await store.release(claim) // all of them are unread again
    throw error
  }
  await store.confirm(
    claim,
    claim.messages.map(({ id }) => id),
  )
  return claim.more
}
