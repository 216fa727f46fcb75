const DAY = 24 * 60 * 60

/** How long ended jobs stay to be looked at, s, and how many. */
export const KEPT = { age: 3 * DAY, count: 100_000 }

/** How many of an owner's jobs are listed at once, and how many there are to page through. */
export const MAX_LISTED = 200
export const KEPT_FOR_OWNER = 1000

/** How long an idempotency key holds, ms. */
export const KEY_HOLDS = DAY * 1000
