const NOT_UTF8 =
  'It is not UTF-8 text. Save it as “CSV UTF-8” in your spreadsheet program, and upload it again.'
const UTF16 = 'It is UTF-16 text. Save it as “CSV UTF-8” in your spreadsheet program, and upload it again.'

const SIGNATURES: [bytes: number[], what: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'It is a ZIP archive or a spreadsheet'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'It is a spreadsheet or another office document'],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], 'It is a PDF document'],
  [[0x89, 0x50, 0x4e, 0x47], 'It is a picture'],
  [[0xff, 0xd8, 0xff], 'It is a picture'],
  [[0x47, 0x49, 0x46, 0x38], 'It is a picture'],
  [[0x1f, 0x8b], 'It is a compressed file'],
]

/**
 * Looks at the first bytes of a file (some kilobytes suffice) for a form that takes CSV: says in a sentence or two
 * why this can't be CSV and what to do, or undefined when it may be. What it lets through the import still checks.
 */
export function whyNotCsv(firstBytes: Uint8Array): string | undefined {
  if (firstBytes.length === 0) return 'The file is empty.'
  return createTextCheck()(firstBytes)
}

/**
 * A check for text that arrives in chunks: call it with each chunk, at last with none. Says why it isn't UTF-8 text
 * of a file that could be CSV, as soon as that is seen, or undefined.
 */
export function createTextCheck(): (chunk?: Uint8Array) => string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let first = true
  return chunk => {
    if (chunk && first) {
      first = false
      const fault = signatureFault(chunk)
      if (fault) return fault
    }
    if (chunk?.includes(0)) return 'It holds binary data, so it is no CSV file.'
    try {
      decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      return NOT_UTF8
    }
    return undefined
  }
}

function signatureFault(bytes: Uint8Array): string | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return UTF16
  const known = SIGNATURES.find(([signature]) => signature.every((byte, index) => bytes[index] === byte))
  return known && `${known[1]}, not CSV. Save it as “CSV UTF-8”, and upload it again.`
}
