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

/** Who is told of what a template does with its messages. */
export interface ViewWatcher {
  /** Something of the array was asked for, be it the length. */
  looked(): void
  /** The text of these was read. */
  shown(ids: readonly string[]): void
}

/** Makes `messages` for a template. */
export function viewMessages(
  groups: readonly MessageGroup[],
  { more, dropped, delayed }: ViewNotes,
  watcher: ViewWatcher,
): ViewMessages {
  const messages = groups.map(group => viewMessage(group, watcher))
  return watched(Object.assign(messages, { more, dropped, delayed }), watcher)
}

// Own properties, not those of a class: Handlebars shows nothing else to a template.
function viewMessage({ message, ids }: MessageGroup, watcher: ViewWatcher): ViewMessage {
  const { text, id, level, levelTag, tags, extraTags, link, job, data, time } = message
  return {
    id,
    level,
    levelTag,
    tags,
    extraTags,
    link,
    job,
    data,
    time,
    ids,
    count: ids.length,
    get text() {
      watcher.shown(ids)
      return text
    },
  }
}

function watched(messages: ViewMessages, watcher: ViewWatcher): ViewMessages {
  return new Proxy(messages, new Watch(watcher))
}

/** An array cannot tell by itself that its length was asked for. One object for each page: closures are several. */
class Watch implements ProxyHandler<ViewMessages> {
  readonly #watcher: ViewWatcher

  constructor(watcher: ViewWatcher) {
    this.#watcher = watcher
  }

  get(target: ViewMessages, property: string | symbol, receiver: unknown): unknown {
    // A promise that answers this array asks for it.
    if (property !== 'then') this.#watcher.looked()
    return Reflect.get(target, property, receiver)
  }

  has(target: ViewMessages, property: string | symbol): boolean {
    this.#watcher.looked()
    return Reflect.has(target, property)
  }

  ownKeys(target: ViewMessages): (string | symbol)[] {
    this.#watcher.looked()
    return Reflect.ownKeys(target)
  }
}
