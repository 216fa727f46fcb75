import { type MessageStore, warning } from '@tidings/messages'

/** Tells everybody, and gives what takes it back. */
export async function announceMaintenance(
  store: MessageStore,
  from: Date,
  until: Date,
): Promise<() => Promise<boolean>> {
  const id = await store.broadcast(warning('We are away for maintenance tonight.', { extraTags: 'staff' }), {
    from,
    until,
  })
  return () => store.withdraw(id)
}
