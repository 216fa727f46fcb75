import type { Message, MessageStore } from '@tidings/messages'

/** Hands each new message to something that stays open, such as a WebSocket. Gives what ends it. */
export async function follow(
  store: MessageStore,
  owner: string,
  show: (message: Message) => Promise<void>,
): Promise<() => Promise<void>> {
  let last = Promise.resolve()
  const bring = async () => {
    const { messages } = await store.unread({ owner }, { limit: 100 }) // takes nothing
    for (const message of messages) {
      await show(message)
      await store.read({ owner }, [message.id]) // only what was shown is read
    }
  }
  const hint = () => {
    last = last.then(bring).catch(console.error) // one after the other: none is shown twice
  }
  const leave = await store.watch({ owner }, hint)
  hint() // what was there before
  return leave
}
