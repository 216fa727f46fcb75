// BullMQ keeps one text for a failed job, and texts of its own or of foreign workers may stand there too. What begins with
// one of these was written for the owner.
const TOLD = 'told the owner: '
/** With what the reason of a cancelled job begins. */
export const CANCELLED = 'cancelled: '

const STALLED = 'It was stopped several times by a fault of its worker, and was given up.'
const UNKNOWN = 'Something went wrong on our side.'

/** The reason of a failure as BullMQ keeps it. */
export function encodeReason(reason: string): string {
  return TOLD + reason
}

/** The reason of a cancelled job as BullMQ keeps it. */
export function encodeCancelled(reason: string): string {
  return CANCELLED + reason
}

/** How a failed job ended, from what BullMQ keeps; any reason that wasn't written for the owner becomes a fixed sentence. */
export function decodeFailure(failedReason: string | undefined): {
  readonly kind: 'failure' | 'cancelled'
  readonly reason: string
} {
  if (failedReason?.startsWith(CANCELLED))
    return { kind: 'cancelled', reason: failedReason.slice(CANCELLED.length) }
  if (failedReason?.startsWith(TOLD)) return { kind: 'failure', reason: failedReason.slice(TOLD.length) }
  return { kind: 'failure', reason: failedReason?.startsWith('job stalled') ? STALLED : UNKNOWN }
}

/** The reason alone. */
export function decodeReason(failedReason: string | undefined): string {
  return decodeFailure(failedReason).reason
}
