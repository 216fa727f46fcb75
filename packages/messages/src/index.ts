export { LEVEL_TAGS, LEVELS, levelTag } from './levels.ts'
export type { MessageLink } from './link.ts'
export { MemoryMessageStore } from './memory-message-store.ts'
export type { MemoryMessageStoreOptions } from './memory-message-store-options.ts'
export {
  type CheckedMessage,
  checkMessage,
  debug,
  error,
  info,
  type Message,
  type MessageOptions,
  type NewMessage,
  success,
  tagsOf,
  warning,
} from './message.ts'
export type { MessageCounts, MessageEvent } from './message-counters.ts'
export { isForBrowser } from './message-list.ts'
export type {
  Broadcast,
  BroadcastWindow,
  Claim,
  InboxMessage,
  MessageStore,
  Reader,
  Recipient,
} from './message-store.ts'
export { encodeChecked, encodeMessage } from './record.ts'
export type { BroadcastOptions } from './redis-broadcasts.ts'
export type { MessageState, MessageWindow } from './redis-keyed-messages.ts'
export { RedisMessageStore } from './redis-message-store.ts'
export type { RedisMessageStoreOptions } from './redis-message-store-options.ts'
export { SCRIPTS } from './script.ts'
export { ShardCountError, shardOf } from './shards.ts'
