import { type MessageStore, warning } from '@tidings/messages'

/** Tells everybody, and gives what says how many have seen it, and what takes it back. */
export async function announceMaintenance(store: MessageStore, from: Date, until: Date) {
  const id = await store.broadcast(warning('We are away for maintenance tonight.', { extraTags: 'staff' }), {
    from,
    until,
  })
  return {
    seen: async () => (await store.broadcasts()).find(broadcast => broadcast.id === id)?.seen,
    takeBack: () => store.withdraw(id),
  }
}
