// Control characters move the cursor or start a new line; the direction marks turn text around. Tabs are harmless.
const UNPRINTABLE = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r' }

/** Makes text harmless for a terminal: what could move the cursor or forge a line is shown as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter)
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/**
 * The same for JSON on one line, as `JSON.stringify` makes it: what it leaves as it is (the controls of C1, the direction marks)
 * is escaped, and it says the same as before.
 */
export function printableJson(json: string): string {
  return printable(json)
}

/** Hides the user and password of every URL in a text: `redis://:secret@host` becomes `redis://***@host`. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^\s/"'<>]*@/g, '://***@')
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return NAMED[character] ?? `\\u${code.toString(16).padStart(4, '0')}`
}
