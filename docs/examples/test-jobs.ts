import { createMemoryJobs, performJob } from '@tidings/jobs/testing'
import { error, info, MemoryMessageStore, success } from '@tidings/messages'
import { assertMessages } from '@tidings/messages/testing'
import { expect, it } from 'vitest'
import { defineCharge } from './charge.ts'

it('charges a card, and says so to whoever ordered', async () => {
  const store = new MemoryMessageStore()
  const charge = defineCharge(async () => 'paid')
  const jobs = createMemoryJobs({ definitions: [charge], store }) // what your application is given in tests
  const { id } = await jobs.enqueue(charge, { order: '42' }, { owner: 'ada', delay: 60_000 })
  expect(await jobs.find(id, { owner: 'ada' })).toMatchObject({ state: 'delayed' })
  await jobs.runAll() // also what is delayed
  expect(await jobs.find(id, { owner: 'ada' })).toMatchObject({ outcome: 'success' })
  assertMessages(await store.inbox('ada'), [success('Order 42 is paid.')])
})

it('gives up where the bank does not answer, and when', async () => {
  const { outcome, messages, attempt, waits } = await performJob(
    defineCharge(async () => 'closed'),
    { order: '42' },
  )
  expect([outcome, attempt, waits]).toEqual(['failure', 4, [60_000, 120_000, 180_000]])
  assertMessages(messages, [error('Order 42 is not paid. The bank does not answer.')])
  expect(messages).not.toContainEqual(expect.objectContaining({ level: info('').level }))
})
