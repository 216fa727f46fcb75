import { z } from 'zod'

/** A date that is kept in Redis as milliseconds since 1970. */
export const storedDate = z.codec(z.int(), z.date(), {
  decode: milliseconds => new Date(milliseconds),
  encode: date => date.getTime(),
})
