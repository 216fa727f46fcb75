import { deepEqual, equal, ok } from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { info } from '../../message.ts'
import type { MessageStore } from '../../message-store.ts'
import { type ContractCase, idsOf, type Trial, textsOf } from '../trial.ts'

const range = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const sorted = (texts: readonly string[]) => [...texts].sort((a, b) => Number(a) - Number(b))

export const raceCases: readonly ContractCase[] = [
  {
    name: 'loses none of many posts at once',
    async run(trial) {
      const owner = trial.newOwner()
      const stores = await trial.processes()
      await Promise.all(range(100).map(text => storeOf(stores, text).post(owner, info(text))))
      deepEqual(sorted(await trial.unread({ owner })), range(100))
    },
  },
  {
    name: 'gives a message to exactly one of many tabs that ask at once',
    async run(trial) {
      const stores = await trial.processes()
      for (let round = 0; round < 10; round++) {
        const owner = trial.newOwner()
        await trial.store.post(owner, info('once'))
        const claims = await Promise.all(
          range(20).map(tab => storeOf(stores, tab).claim({ owner }, { limit: 10 })),
        )
        deepEqual(claims.flatMap(textsOf), ['once'])
      }
    },
  },
  {
    name: 'gives a broadcast to exactly one tab of each of many owners, and counts each owner once',
    async run(trial) {
      const stores = await trial.processes()
      await trial.store.broadcast(info('once'))
      const owners = range(10).map(() => trial.newOwner())
      const pages = await Promise.all(
        owners.flatMap(owner => range(5).map(tab => page(storeOf(stores, tab), { owner }))),
      )
      equal(pages.flat().length, owners.length)
      equal((await trial.store.broadcasts())[0]?.seen, owners.length)
    },
  },
  {
    name: 'loses nothing that is posted while a page is rendered and sent',
    async run(trial) {
      const [here, there] = await trial.processes()
      const owner = trial.newOwner()
      const shown: string[] = []
      for (const text of range(30)) {
        const [, texts] = await Promise.all([there.post(owner, info(text)), page(here, { owner })])
        shown.push(...texts)
      }
      deepEqual([...shown, ...(await trial.show({ owner }, Infinity))], range(30))
    },
  },
  {
    name: 'shows each message on exactly one page, while many tabs claim, confirm and release and others post',
    async run(trial) {
      const [owner, browser] = [trial.newOwner(), trial.newBrowser()]
      const stores = await trial.processes()
      const shown: string[] = []
      let isPosting = true
      let pages = 0
      async function tab(store: MessageStore) {
        for (;;) {
          const isLast = !isPosting
          const claim = await store.claim({ owner, browser }, { limit: 5 })
          if (!claim && isLast) return
          if (!claim) await turn()
          else if (++pages % 4 === 0) await store.release(claim)
          else {
            await store.confirm(claim, idsOf(claim))
            shown.push(...textsOf(claim))
          }
        }
      }
      const tabs = range(6).map(text => tab(storeOf(stores, text)))
      for (const text of range(100)) {
        const texts = range(4).map(i => String(Number(text) * 4 + Number(i)))
        await Promise.all(
          texts.map(text => storeOf(stores, text).post(Number(text) % 4 ? owner : { browser }, info(text))),
        )
      }
      isPosting = false
      await Promise.all(tabs)
      // What was released after the last tab had looked.
      shown.push(...(await trial.show({ owner, browser }, Infinity)))
      deepEqual(sorted(shown), range(400))
    },
  },
  {
    name: 'keeps one unread message of many posted at once with the same key',
    async run(trial) {
      const stores = await trial.processes()
      const owner = trial.newOwner()
      await Promise.all(range(20).map(text => storeOf(stores, text).post(owner, info(text, { key: 'k' }))))
      equal((await trial.unread({ owner })).length, 1)
    },
  },
  {
    name: 'keeps to the cap under many posts at once, and counts each that it dropped',
    bounds: { cap: 10 },
    async run(trial) {
      const stores = await trial.processes()
      const owner = trial.newOwner()
      await Promise.all(range(50).map(text => storeOf(stores, text).post(owner, info(text))))
      const claim = await trial.take({ owner }, Infinity)
      deepEqual([claim.messages.length, claim.dropped], [10, 40])
    },
  },
  {
    name: 'neither loses nor doubles a message whose page is confirmed and released at once',
    async run(trial) {
      const [here, there] = await trial.processes()
      for (let round = 0; round < 10; round++) {
        const owner = trial.newOwner()
        await here.post(owner, info('one'))
        const claim = await trial.take({ owner })
        await Promise.all([
          here.confirm(claim, idsOf(claim)),
          there.release(claim),
          here.confirm(claim, idsOf(claim)),
          there.release(claim),
        ])
        // Whichever came first: it is read or unread, and in the inbox.
        const [[text, isUnread] = []] = await trial.inbox(owner)
        equal(text, 'one')
        deepEqual([await trial.show({ owner }), await trial.show({ owner })], [isUnread ? ['one'] : [], []])
      }
    },
  },
  {
    name: 'has a message read once that an open page reads while another claims it',
    async run(trial) {
      const [here, there] = await trial.processes()
      for (let round = 0; round < 10; round++) {
        const owner = trial.newOwner()
        await here.post(owner, [info('live'), info('other')])
        const [live = ''] = idsOf(await here.unread({ owner }, { limit: 1 }))
        const [texts] = await Promise.all([page(here, { owner }), there.read({ owner }, [live])])
        ok(texts.includes('other'), 'expected the other message on the page')
        deepEqual([await trial.show({ owner }), (await trial.inbox(owner)).length], [[], 2])
      }
    },
  },
]

/** One page that is sent with all that it took. */
async function page(store: MessageStore, reader: { owner: string }): Promise<string[]> {
  const claim = await store.claim(reader, { limit: 10 })
  if (claim) await store.confirm(claim, idsOf(claim))
  return textsOf(claim)
}

/** One process or the other, by turns. */
function storeOf(stores: Awaited<ReturnType<Trial['processes']>>, turn: string): MessageStore {
  return stores[Number(turn) % 2 === 0 ? 0 : 1]
}
