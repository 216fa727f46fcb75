/** The formats of files of posts. */
export type PostFormat = 'csv' | 'json'

const REMEDY = {
  csv: 'Save it as “CSV UTF-8” in your spreadsheet program, and upload it again.',
  json: 'Save it as UTF-8, and upload it again.',
}

const SIGNATURES: [bytes: number[], what: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'It is a ZIP archive or a spreadsheet'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'It is a spreadsheet or another office document'],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], 'It is a PDF document'],
  [[0x89, 0x50, 0x4e, 0x47], 'It is a picture'],
  [[0xff, 0xd8, 0xff], 'It is a picture'],
  [[0x47, 0x49, 0x46, 0x38], 'It is a picture'],
  [[0x1f, 0x8b], 'It is a compressed file'],
]

/** What a file of posts is, by its first bytes, or else by its name: JSON begins with a bracket. */
export function formatOf(firstBytes: Uint8Array, name: string): PostFormat {
  const start = new TextDecoder().decode(firstBytes.subarray(0, 1024)).trimStart()
  return /^[[{]/.test(start) || /\.json$/i.test(name.trim()) ? 'json' : 'csv'
}

/**
 * Looks at the first bytes of a file (some kilobytes suffice) for a form that takes posts as CSV or JSON: says in a sentence or
 * two why this can't be one and what to do, or undefined when it may be. What it lets through the import still checks.
 */
export function whyNotPosts(firstBytes: Uint8Array, name: string): string | undefined {
  if (firstBytes.length === 0) return 'The file is empty.'
  return createTextCheck(formatOf(firstBytes, name))(firstBytes)
}

/**
 * A check for text that arrives in chunks: call it with each chunk, at last with none. Says why it isn't UTF-8 text
 * of a file that could be CSV or JSON, as soon as that is seen, or undefined.
 */
export function createTextCheck(format: PostFormat = 'csv'): (chunk?: Uint8Array) => string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let first = true
  return chunk => {
    if (chunk && first) {
      first = false
      const fault = signatureFault(chunk, format)
      if (fault) return fault
    }
    if (chunk?.includes(0)) return `It holds binary data, so it is no ${format.toUpperCase()} file.`
    try {
      decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      return `It is not UTF-8 text. ${REMEDY[format]}`
    }
    return undefined
  }
}

function signatureFault(bytes: Uint8Array, format: PostFormat): string | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return `It is UTF-16 text. ${REMEDY[format]}`
  const known = SIGNATURES.find(([signature]) => signature.every((byte, index) => bytes[index] === byte))
  return (
    known &&
    `${known[1]}, not ${format.toUpperCase()}. ${format === 'csv' ? 'Save it as “CSV UTF-8”, and upload it again.' : REMEDY.json}`
  )
}
