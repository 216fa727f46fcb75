// Control characters move the cursor or start a new line; the direction marks turn text around. Tabs are harmless.
const UNPRINTABLE = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r' }

/** Makes text harmless for a terminal: what could move the cursor or forge a line is shown as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter)
}

/** Hides the user and password of every URL in a text: `redis://:secret@host` becomes `redis://***@host`. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^\s/"'<>]*@/g, '://***@')
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return NAMED[character] ?? `\\u${code.toString(16).padStart(4, '0')}`
}
