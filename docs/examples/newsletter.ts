import { defineJob, partial } from '@tidings/jobs'
import { z } from 'zod'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** A job with every option. */
export const sendNewsletter = defineJob({
  name: 'send-newsletter',
  title: 'Send the newsletter',
  input: z.object({ issue: z.int(), readers: z.array(z.string()) }),
  version: 1,
  attempts: 5,
  backoff: { type: 'exponential', delay: SECOND, jitter: 0.5 },
  timeLimit: 10 * MINUTE,
  priority: 10,
  delay: SECOND,
  pickUpWithin: 15 * MINUTE,
  unique: ({ input }) => `issue ${input.issue}`, // sending an issue twice at once is never meant
  async run({ input, log, attempt, attempts }) {
    log.info({ attempt, attempts }, 'sending')
    const sent = input.readers.filter(reader => reader.includes('@')).length
    return sent < input.readers.length ? partial({ sent }) : { sent }
  },
  messages: {
    started: ({ input }) => (input.readers.length > 1 ? `Issue ${input.issue} is being sent.` : undefined),
    success: ({ input, result }) => ({
      text: `Issue ${input.issue} went to ${result.sent} readers.`,
      link: { href: `/issues/${input.issue}`, text: 'Read it' },
      extraTags: 'newsletter',
      data: { sent: result.sent },
      i18n: { key: 'newsletter.sent', params: { count: result.sent } },
    }),
    partial: ({ input, result }) => `Issue ${input.issue} went to ${result.sent} readers, not to all.`,
    failure: ({ input, reason }) => `Issue ${input.issue} was not sent. ${reason}`,
    cancelled: ({ input, reason }) => `Issue ${input.issue} was not sent. ${reason}`,
  },
})
