export { LEVEL_TAGS, LEVELS, levelTag } from './levels.ts'
export type { MessageLink } from './link.ts'
export {
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
export type { Claim, InboxMessage, MessageStore, Reader, Recipient } from './message-store.ts'
export { encodeMessage } from './record.ts'
export { RedisMessageStore, type RedisMessageStoreOptions, SCRIPTS } from './redis-message-store.ts'
