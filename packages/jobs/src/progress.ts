const PAUSE = 250

/** Passes on progress at most four times a second, and the last of a job always: at 1, or when `write` has time for it. */
export function throttledProgress(
  write: (progress: { fraction: number; text?: string }) => Promise<unknown>,
): (fraction: number, text?: string) => Promise<void> {
  let last = -PAUSE
  return async (fraction, text) => {
    const now = performance.now()
    if (fraction < 1 && now - last < PAUSE) return
    last = now
    await write({ fraction: Math.min(1, Math.max(0, fraction)), ...(text !== undefined && { text }) })
  }
}
