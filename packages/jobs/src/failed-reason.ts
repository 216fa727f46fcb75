// BullMQ keeps one text for a failed job, and texts of its own or of foreign workers may stand there too. What begins with
// this was written for the owner.
const TOLD = 'told the owner: '

const STALLED = 'It was stopped several times by a fault of its worker, and was given up.'
const UNKNOWN = 'Something went wrong on our side.'

/** The reason as BullMQ keeps it. */
export function encodeReason(reason: string): string {
  return TOLD + reason
}

/** The reason for the owner, from what BullMQ keeps; any text that wasn't written for them becomes a fixed sentence. */
export function decodeReason(failedReason: string | undefined): string {
  if (failedReason?.startsWith(TOLD)) return failedReason.slice(TOLD.length)
  return failedReason?.startsWith('job stalled') ? STALLED : UNKNOWN
}
