/** A text for one line: without control characters and without what turns the direction of writing; spaces collapsed. */
export function cleanLine(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '')
    .trim()
}

/** A text of several lines: line breaks become `\n`; of the other control characters only the tab stays. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '')
}

/** How many characters a person would say it has: an emoji is one, not two. */
export function characters(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** A text of somebody's in a sentence of ours: in quotes, on one line, cut to 40 characters. */
export function quoted(text: string): string {
  const line = cleanLine(text)
  const start = [...line.slice(0, 100)].slice(0, 40).join('')
  return start === line ? `“${line}”` : `“${start}…”`
}

/** `1 post`, `2 posts`, `50,000 posts`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
