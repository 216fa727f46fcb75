import { createJobs, defineJob, JobFailure, type Jobs, partial } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import type { Redis } from 'ioredis'
import { z } from 'zod'

export const sendInvitations = defineJob({
  name: 'send-invitations',
  title: 'Send invitations',
  input: z.object({ addresses: z.array(z.string()) }),
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  timeLimit: 60_000,
  async run({ input: { addresses }, progress }) {
    if (addresses.length === 0) throw new JobFailure('The list is empty.') // her own words: no second attempt
    const good = addresses.filter(address => address.includes('@'))
    await progress(100, `${good.length} sent`)
    const result = { sent: good.length, bad: addresses.length - good.length }
    return result.bad > 0 ? partial(result) : result
  },
  messages: {
    success: ({ result }) => `Sent ${result.sent} invitations.`,
    partial: ({ result }) => `Sent ${result.sent} invitations; ${result.bad} addresses are none.`,
    failure: ({ reason }) => `The invitations were not sent. ${reason}`,
  },
})

export function jobsOn(redis: Redis): Jobs {
  return createJobs({ redis, store: new RedisMessageStore({ redis }), definitions: [sendInvitations] })
}
