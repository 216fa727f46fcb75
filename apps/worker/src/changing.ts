import { NoRedisError } from '@tidings/runtime'
import { EXIT } from './exit-code.ts'
import { inPlainWords, NotNowError } from './plain-words.ts'

/**
 * Does what changes something in Redis.
 * @param unknown for the case that no answer comes: what may or may not have happened, and what to do then
 * @throws NoRedisError (75) that says so; whatever else `act` throws
 */
export async function changing<T>(act: () => Promise<T>, unknown: string): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const plain = inPlainWords(error)
    if (!(plain instanceof NoRedisError) || plain.exitCode !== EXIT.temporary) throw error
    // What was refused has not happened.
    if (plain instanceof NotNowError) throw plain
    const why = plain.message.replace(/ Try again later\.$/, '')
    throw new NoRedisError(`${why} ${unknown}`, { cause: error, exitCode: EXIT.temporary })
  }
}
