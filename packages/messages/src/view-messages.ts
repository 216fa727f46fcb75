import type { Claim, Message } from './index.ts'
import type { MessageLink } from './link.ts'

/** A message as a template sees it. Reading `text` says that the message is on the page. */
export interface ViewMessage {
  readonly id: string
  readonly text: string
  readonly level: number
  readonly levelTag: string
  readonly tags: string
  readonly extraTags: string | undefined
  readonly link: MessageLink | undefined
  readonly data: Message['data']
  readonly time: Date
}

/**
 * `messages` in a template: an array, oldest first. Its length can be asked for without consequence; a message counts as
 * shown when its `text` was read, and is read for good once the page was sent.
 */
export interface ViewMessages extends ReadonlyArray<ViewMessage> {
  /** Unread messages that wait for the next page. */
  readonly more: number
  /** Unread messages that were lost because too many waited. */
  readonly dropped: number
  /** True where the store could not be asked: messages are delayed, not lost. */
  readonly delayed: boolean
}

/** Makes `messages` of a claim; `show` is told the id of each message whose text was read. */
export function viewMessages(
  claim: Claim | undefined,
  show: (id: string) => void,
  delayed = false,
): ViewMessages {
  const messages = (claim?.messages ?? []).map(message => viewMessage(message, show))
  return Object.assign(messages, { more: claim?.more ?? 0, dropped: claim?.dropped ?? 0, delayed })
}

// Own properties, not those of a class: Handlebars shows nothing else to a template.
function viewMessage(
  { text, id, level, levelTag, tags, extraTags, link, data, time }: Message,
  show: (id: string) => void,
): ViewMessage {
  return {
    id,
    level,
    levelTag,
    tags,
    extraTags,
    link,
    data,
    time,
    get text() {
      show(id)
      return text
    },
  }
}
