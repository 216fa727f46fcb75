import { performJob } from '@tidings/jobs/testing'
import { expect, it } from 'vitest'
import { sendInvitations } from './jobs.ts'

it('tells how many addresses were none', async () => {
  const { outcome, message } = await performJob(sendInvitations, {
    addresses: ['ada@example.org', 'nonsense'],
  })
  expect(outcome).toBe('partial')
  expect(message.text).toBe('Sent 1 invitations; 1 addresses are none.')
})
