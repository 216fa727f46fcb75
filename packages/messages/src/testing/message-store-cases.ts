import { broadcastCases } from './cases/broadcast-cases.ts'
import { broadcastWindowCases } from './cases/broadcast-window-cases.ts'
import { capCases } from './cases/cap-cases.ts'
import { claimCases } from './cases/claim-cases.ts'
import { expiryCases } from './cases/expiry-cases.ts'
import { hintCases } from './cases/hint-cases.ts'
import { inboxCases } from './cases/inbox-cases.ts'
import { keyCases } from './cases/key-cases.ts'
import { leaseCases } from './cases/lease-cases.ts'
import { openPageCases } from './cases/open-page-cases.ts'
import { postingCases } from './cases/posting-cases.ts'
import { raceCases } from './cases/race-cases.ts'
import { readerCases } from './cases/reader-cases.ts'
import { refusalCases } from './cases/refusal-cases.ts'
import type { StoreBounds, StoreFactory } from './store-under-test.ts'
import { type ContractCase, Trial } from './trial.ts'

/** One case of the conformance kit. */
export interface MessageStoreCase {
  /** What it is about: `keys`, `races`, … */
  readonly group: string
  /** What a store promises, as a sentence. */
  readonly name: string
  /** Makes a store, tries it, closes it. Rejects with an AssertionError where the promise isn't kept. */
  run(): Promise<void>
}

const BOUNDS: StoreBounds = { cap: 100, ttl: 60 * 60 * 1000, lease: 10_000 }

const GROUPS: Readonly<Record<string, { cases: readonly ContractCase[]; bounds?: Partial<StoreBounds> }>> = {
  posting: { cases: postingCases },
  'what can not be posted': { cases: refusalCases },
  keys: { cases: keyCases },
  'claim, confirm, release': { cases: claimCases },
  leases: { cases: leaseCases, bounds: { lease: 500 } },
  'owners and browsers': { cases: readerCases },
  'the cap': { cases: capCases, bounds: { cap: 3 } },
  expiry: { cases: expiryCases },
  'the inbox': { cases: inboxCases },
  'pages that stay open': { cases: openPageCases },
  hints: { cases: hintCases },
  broadcasts: { cases: broadcastCases },
  'when a broadcast is shown': { cases: broadcastWindowCases },
  races: { cases: raceCases, bounds: { cap: 1000 } },
}

/**
 * The contract of {@link MessageStore} as a list of cases, for whoever runs them by other means than
 * {@link testMessageStore}: each can be run on its own, and any number of times.
 */
export function messageStoreCases(factory: StoreFactory): MessageStoreCase[] {
  return Object.entries(GROUPS).flatMap(([group, { cases, bounds }]) =>
    cases.map(one => ({
      group,
      name: one.name,
      async run() {
        const subject = await factory({ ...BOUNDS, ...bounds, ...one.bounds })
        try {
          await one.run(new Trial(subject))
        } finally {
          await subject.close?.()
        }
      },
    })),
  )
}
