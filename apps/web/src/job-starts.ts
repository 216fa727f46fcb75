import { InvalidInputError, KeyReusedError, TooManyJobsError } from '@tidings/jobs'
import type { FastifyBaseLogger } from 'fastify'
import { PageError } from './page-error.ts'
import type { RateLimit } from './rate-limit.ts'
import type { SentForm } from './sent-form.ts'

/** A job that was started, or why not, in words for whoever sent the form. */
export type Start =
  | { id: string }
  | { problem: string; status: 422 | 429; retryAfter?: number; isKeyUsed?: boolean }

/**
 * Starts a job for somebody, as often as they may.
 * @throws whatever is our fault, or Redis's
 */
export async function startJob(
  owner: string,
  { limit, log }: { limit: RateLimit; log: FastifyBaseLogger },
  start: () => Promise<{ id: string }>,
): Promise<Start> {
  const { allowed, retryAfter } = await limit.take(owner)
  if (!allowed)
    return {
      problem: `You have started ${limit.limit.toLocaleString('en')} jobs within a minute, which is as many as one may. Press the button again in ${retryAfter === 1 ? 'a second' : `${retryAfter} seconds`}.`,
      status: 429,
      retryAfter,
    }
  try {
    return await start()
  } catch (error) {
    if (error instanceof InvalidInputError) {
      log.warn({ err: error }, 'a form let through what its job refuses')
      return { problem: 'Please check what you entered.', status: 422 }
    }
    if (error instanceof TooManyJobsError)
      return {
        problem: `You have ${error.limit} jobs that have not ended yet. Wait for one of them, or cancel one.`,
        status: 422,
      }
    if (error instanceof KeyReusedError)
      return {
        problem: 'This form was sent before, with other values. Send it again if you want a second job.',
        status: 422,
        isKeyUsed: true,
      }
    throw error
  }
}

/**
 * The key that came with a form; undefined where it has none.
 * @throws PageError 400 for one that no form of ours has
 */
export function keyOf(form: SentForm): string | undefined {
  const key = form.text('idempotencyKey')
  if (key === '') return undefined
  if (!/^[\w-]{1,100}$/.test(key)) throw new PageError(400, 'the idempotencyKey is none of ours')
  return key
}
