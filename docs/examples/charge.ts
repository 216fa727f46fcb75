import { defineJob, JobFailure } from '@tidings/jobs'
import { z } from 'zod'

const MINUTE = 60_000

/** Whatever takes the money. */
export type Bank = (order: string) => Promise<'paid' | 'refused' | 'closed'>

/** A job that says in words of its own why it failed, and decides by itself when to try again. */
export function defineCharge(bank: Bank) {
  return defineJob({
    name: 'charge',
    title: 'Charge the card',
    input: z.object({ order: z.string() }),
    attempts: 10,
    backoff: attempt => (attempt < 4 ? attempt * MINUTE : -1), // given up after the fourth
    async run({ input: { order }, jobId }) {
      const answer = await bank(`${order}, ${jobId}`) // it may run twice: the bank knows a payment by the job's id
      if (answer === 'refused') throw new JobFailure('The bank refused the card.')
      if (answer === 'closed') throw new JobFailure('The bank does not answer.', { retry: true })
      return { order }
    },
    messages: {
      success: ({ result }) => `Order ${result.order} is paid.`,
      failure: ({ input, reason }) => `Order ${input.order} is not paid. ${reason}`,
    },
  })
}
