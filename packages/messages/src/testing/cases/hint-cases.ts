import { equal } from 'node:assert/strict'
import { info } from '../../message.ts'
import type { ContractCase } from '../trial.ts'

// A hint says "may be": one too many is no fault, one too few is. So each case waits for one, and none counts them.
export const hintCases: readonly ContractCase[] = [
  {
    name: "come for an owner's messages, for a browser's and for broadcasts",
    async run(trial) {
      const { store, newOwner, newBrowser } = trial
      const [owner, browser] = [newOwner(), newBrowser()]
      let hints = 0
      const leave = await store.watch({ owner, browser }, () => hints++)
      for (const [what, write] of [
        ["a hint at an owner's message", () => store.post(owner, info('x'))],
        ["a hint at a browser's message", () => store.post({ browser }, info('x'))],
        ['a hint at a broadcast', () => store.broadcast(info('x'))],
      ] as const) {
        const before = hints
        await write()
        await trial.happens(what, () => hints > before)
      }
      await leave()
    },
  },
  {
    name: 'come to each who watches, the same function twice included, until it leaves',
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      let hints = 0
      const hint = () => void hints++
      const leaveFirst = await store.watch({ owner }, hint)
      const leaveSecond = await store.watch({ owner }, hint)
      await leaveFirst()
      const before = hints
      await store.post(owner, info('x'))
      await trial.happens('a hint for the one who still watches', () => hints > before)
      await leaveSecond()
    },
  },
  {
    name: 'come to whoever was told that they watch, however many begin at once',
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      let hints = 0
      const first = store.watch({ owner }, () => {})
      const leaveSecond = await store.watch({ owner }, () => hints++)
      const before = hints
      await store.post(owner, info('x'))
      await trial.happens('a hint for the second', () => hints > before)
      await leaveSecond()
      await (await first)()
    },
  },
  {
    name: 'end when one leaves, and leaving twice is no fault',
    async run(trial) {
      const { store, newOwner } = trial
      const owner = newOwner()
      const hints = { left: 0, stays: 0 }
      const leave = await store.watch({ owner }, () => hints.left++)
      const stay = await store.watch({ owner }, () => hints.stays++)
      await leave()
      await leave()
      const before = { ...hints }
      await store.post(owner, info('x'))
      await trial.happens('a hint for the one who stays', () => hints.stays > before.stays)
      equal(hints.left, before.left)
      await stay()
    },
  },
]
