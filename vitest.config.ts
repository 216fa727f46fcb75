import { defineConfig } from 'vitest/config'

// Tests read the packages' sources, so that they never run against a stale build. Processes that tests start
// (the web server, the worker) run from dist, which `npm test` has built before.
const conditions = ['@tidings/source', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/redis.setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A condition is awaited for as long as a loaded machine may need; nothing is faster for giving up earlier.
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
  },
})
