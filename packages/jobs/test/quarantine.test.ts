import { expect, it } from 'vitest'
import { Quarantine } from '../src/quarantine.ts'

const suspect = { isSuspect: true }
const innocent = { isSuspect: false }

it('lets jobs without suspicion run side by side', async () => {
  const quarantine = new Quarantine(60_000)
  expect([await quarantine.enter(innocent), await quarantine.enter(innocent)]).toEqual([true, true])
})

it('lets a suspect run alone: others come back later', async () => {
  const quarantine = new Quarantine(60_000)
  expect(await quarantine.enter(suspect)).toBe(true)
  expect([await quarantine.enter(innocent), await quarantine.enter(suspect)]).toEqual([false, false])
  quarantine.leave(suspect)
  expect(await quarantine.enter(innocent)).toBe(true)
})

it('has a suspect wait for those that run, and lets nobody in before it', async () => {
  const quarantine = new Quarantine(60_000)
  await quarantine.enter(innocent)
  await quarantine.enter(innocent)
  const order: string[] = []
  const waiting = Promise.resolve(quarantine.enter(suspect)).then(() => order.push('suspect runs'))
  expect(await quarantine.enter(innocent)).toBe(false)
  quarantine.leave(innocent)
  order.push('one left')
  quarantine.leave(innocent)
  await waiting
  expect(order).toEqual(['one left', 'suspect runs'])
})

it('loses patience with jobs that run for long', async () => {
  const quarantine = new Quarantine(10)
  await quarantine.enter(innocent)
  expect(await quarantine.enter(suspect)).toBe(true)
  quarantine.leave(innocent)
  expect(await quarantine.enter(innocent)).toBe(false)
})

it('lets others in beside a suspect that runs for long, but no other suspect', async () => {
  const quarantine = new Quarantine(20)
  await quarantine.enter(suspect)
  expect(await quarantine.enter(innocent)).toBe(false)
  await expect.poll(() => quarantine.enter(innocent)).toBe(true)
  expect(await quarantine.enter(suspect)).toBe(false)
  quarantine.leave(suspect)
  quarantine.leave(innocent)
  expect(await quarantine.enter(suspect)).toBe(true)
})

it('is closed from the moment in which a suspect was fetched, and lets those in that were fetched before it', async () => {
  const quarantine = new Quarantine(60_000)
  expect(quarantine.isClosed).toBe(false)
  quarantine.expect()
  expect([quarantine.isClosed, await quarantine.enter(innocent)]).toEqual([true, true])
  quarantine.leave(innocent)
  expect([await quarantine.enter(suspect), quarantine.isClosed]).toEqual([true, true])
  quarantine.leave(suspect)
  expect(quarantine.isClosed).toBe(false)
})

it('opens again where the suspect that was fetched never comes', async () => {
  const quarantine = new Quarantine(20)
  quarantine.expect()
  await expect.poll(() => quarantine.isClosed).toBe(false)
})

it('has a suspect wait for those that are on their way back to the queue, for as long as it is patient', async () => {
  let underWay = 1
  const quarantine = new Quarantine(60_000, () => underWay)
  const order: string[] = []
  const entering = Promise.resolve(quarantine.enter(suspect)).then(() => order.push('suspect runs'))
  setTimeout(() => {
    order.push('they are back')
    underWay = 0
  }, 30)
  await entering
  expect(order).toEqual(['they are back', 'suspect runs'])
  expect(await new Quarantine(20, () => 1).enter(suspect)).toBe(true)
})
