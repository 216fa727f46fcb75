import type { MessageGroup } from './grouping.ts'
import type { MessageLink } from './link.ts'
import type { Message } from './message.ts'

/** A message as a template sees it. Reading `text` says that the message is on the page. */
export interface ViewMessage {
  readonly id: string
  /** In the reader's language, where the application translates. Plain text: the template escapes it. */
  readonly text: string
  readonly level: number
  readonly levelTag: string
  /** Extra tags, then the level's tag. */
  readonly tags: string
  readonly extraTags: string | undefined
  readonly link: MessageLink | undefined
  readonly job: string | undefined
  readonly data: Message['data']
  readonly time: Date
  /** How many equal messages in a row this one stands for; 1 for one by itself. */
  readonly count: number
  /** The ids of all of them; they are shown together. */
  readonly ids: readonly string[]
}

/** What a page says of its messages besides themselves. */
export interface ViewNotes {
  /** Unread messages that wait for the next page. */
  readonly more: number
  /** Unread messages that were lost because too many waited. */
  readonly dropped: number
  /** True where the store could not be asked: messages are delayed, not lost. */
  readonly delayed: boolean
}

/**
 * `messages` in a template: an array, oldest first. Its length can be asked for without consequence; a message counts as
 * shown when its `text` was read, and is read for good once the page was sent.
 */
export interface ViewMessages extends ReadonlyArray<ViewMessage>, ViewNotes {}

/** Is told of what a template does with its messages. An array cannot tell by itself that its length was asked for. */
export abstract class ViewWatch implements ProxyHandler<ViewMessages> {
  /** Something of the array was asked for, be it the length. */
  abstract looked(): void
  /** The text of these was read. */
  abstract shown(ids: readonly string[]): void

  get(target: ViewMessages, property: string | symbol): unknown {
    // A promise that answers this array asks for it.
    if (property !== 'then') this.looked()
    // An array has no getters: there is no need of Reflect, which is several times as dear.
    return target[property as keyof ViewMessages]
  }

  has(target: ViewMessages, property: string | symbol): boolean {
    this.looked()
    return Reflect.has(target, property)
  }

  ownKeys(target: ViewMessages): (string | symbol)[] {
    this.looked()
    return Reflect.ownKeys(target)
  }
}

/** Makes `messages` for a template. */
export function viewMessages(
  groups: readonly MessageGroup[],
  { more, dropped, delayed }: ViewNotes,
  watch: ViewWatch,
): ViewMessages {
  const messages: ViewMessage[] = groups.map(group => new WatchedMessage(group, watch))
  return new Proxy(Object.assign(messages, { more, dropped, delayed }), watch)
}

/** Own properties, not those of the class: Handlebars shows nothing else to a template. */
class WatchedMessage implements ViewMessage {
  readonly id: string
  declare readonly text: string
  readonly level: number
  readonly levelTag: string
  readonly tags: string
  readonly extraTags: string | undefined
  readonly link: MessageLink | undefined
  readonly job: string | undefined
  readonly data: Message['data']
  readonly time: Date
  readonly ids: readonly string[]
  readonly count: number
  readonly #text: string
  readonly #watch: ViewWatch

  constructor({ message, ids }: MessageGroup, watch: ViewWatch) {
    this.id = message.id
    this.level = message.level
    this.levelTag = message.levelTag
    this.tags = message.tags
    this.extraTags = message.extraTags
    this.link = message.link
    this.job = message.job
    this.data = message.data
    this.time = message.time
    this.ids = ids
    this.count = ids.length
    this.#text = message.text
    this.#watch = watch
    // One getter for all: an object with one of its own is several times as dear.
    Object.defineProperty(this, 'text', WatchedMessage.#readText)
  }

  static readonly #readText: PropertyDescriptor & ThisType<WatchedMessage> = {
    enumerable: true,
    configurable: true,
    get() {
      this.#watch.shown(this.ids)
      return this.#text
    },
  }
}
