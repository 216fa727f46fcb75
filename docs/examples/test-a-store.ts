import { MemoryMessageStore, type NewMessage, type Recipient } from '@tidings/messages'
import { testMessageStore } from '@tidings/messages/testing'

/** Yours may be anything that has the methods of `MessageStore`; this one adds something to ours. */
class AuditedStore extends MemoryMessageStore {
  readonly posts: Recipient[] = []

  override async post(to: Recipient, messages: NewMessage | readonly NewMessage[]): Promise<void> {
    await super.post(to, messages)
    this.posts.push(to)
  }
}

testMessageStore('AuditedStore', ({ cap, ttl, lease }) => {
  let now = Date.now()
  return {
    store: new AuditedStore({ cap, ttl, browserTtl: ttl, lease, now: () => now }),
    // Both may be left out: without `advance` the kit waits, without `another` the races run through one store.
    advance: ms => {
      now += ms
    },
  }
})
