/** Cuts what arrives in chunks of any size into pieces of exactly `bytes`; the last one is what is left over. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    size += chunk.length
    if (size < bytes) continue
    const whole = Buffer.concat(held)
    const rest = size % bytes
    for (let start = 0; start < size - rest; start += bytes) yield whole.subarray(start, start + bytes)
    held = rest === 0 ? [] : [whole.subarray(size - rest)]
    size = rest
  }
  if (size > 0) yield Buffer.concat(held)
}
