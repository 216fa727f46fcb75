import type { Message } from './message.ts'

/** Says a message in the reader's language; `undefined` where it can't. */
export type Translate = (message: Message) => string | undefined

/** A message's text for its reader: translated, or else the text that was posted. */
export function translation(
  message: Message,
  translate: Translate | undefined,
  log: { error(facts: object, text: string): void },
): string {
  if (!translate || !message.i18n) return message.text
  try {
    const text = translate(message)
    if (text === undefined) return message.text
    if (typeof text === 'string' && text.trim() !== '') return text
    log.error({ key: message.i18n.key, got: typeof text }, 'a translation of a message is no text')
  } catch (err) {
    log.error({ err, key: message.i18n.key }, 'a message could not be translated')
  }
  return message.text
}
