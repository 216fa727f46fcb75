import { messageStoreCases } from './message-store-cases.ts'
import type { StoreFactory } from './store-under-test.ts'

/** What registers a group of tests and a test; those of vitest, node:test, Jest and Mocha do. */
export interface TestRunner {
  describe(name: string, register: () => void): unknown
  it(name: string, run: () => Promise<void>): unknown
}

/**
 * Tests that a store keeps the contract of {@link MessageStore}: registers a test for each case. Call it at the top of a
 * test file of vitest or node:test; for another runner give its `describe` and `it`.
 * @param factory makes a fresh, empty store for each case, with the bounds that it is given.
 */
export function testMessageStore(name: string, factory: StoreFactory, runner: TestRunner = ownRunner): void {
  const cases = messageStoreCases(factory)
  runner.describe(name, () => {
    for (const group of new Set(cases.map(({ group }) => group))) {
      runner.describe(group, () => {
        for (const one of cases) if (one.group === group) runner.it(one.name, one.run)
      })
    }
  })
}

// vitest says by VITEST that the tests are its own; what node:test starts may have inherited that.
const isVitest = process.env.VITEST !== undefined && process.env.NODE_TEST_CONTEXT === undefined
const ownRunner: TestRunner = isVitest ? await import('vitest') : await import('node:test')
