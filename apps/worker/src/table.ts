import { printable } from '@tidings/runtime'

const LONGEST_CELL = 80

/** Rows for people: under a heading, in columns; what users typed can't break out of its cell. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [headings, ...rows.map(row => row.map(cell))]
  const widths = headings.map((_, i) => Math.max(...lines.map(line => width(line[i] ?? ''))))
  return lines
    .map(line =>
      line
        .map((text, i) => text + ' '.repeat((widths[i] ?? 0) - width(text)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Facts for people: a name and a value a line. */
export function facts(pairs: readonly (readonly [name: string, value: unknown])[]): string {
  const known = pairs.filter(([, value]) => value !== undefined)
  const longest = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(longest)}  ${printable(text(value))}`).join('\n')
}

function cell(value: unknown): string {
  const characters = Array.from(printable(text(value)))
  return characters.length <= LONGEST_CELL
    ? characters.join('')
    : `${characters.slice(0, LONGEST_CELL - 1).join('')}…`
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '-'
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function width(text: string): number {
  return Array.from(text).length
}
