// npm run chaos: sets everything up, then runs the long fault test: 10,000 jobs, their workers and Redis killed by the hundred.
// Smaller, or once more: npm run chaos -- --jobs 1000 --minutes 1 --seed 42
// With --hosts: several hosts that lose each other, against one Redis, Sentinel and a cluster; the jobs are shared among these.
import { parseArgs } from 'node:util'
import { root, setUp } from './setup.mjs'

const { jobs, minutes, seed, hosts } = options()
await setUp()
console.log(
  `chaos: seed ${seed} (npm run chaos -- ${hosts ? '--hosts ' : ''}--jobs ${jobs} --minutes ${minutes} --seed ${seed} repeats it)`,
)
Object.assign(process.env, { CHAOS_JOBS: jobs, CHAOS_MINUTES: minutes, CHAOS_SEED: seed })
// After the set-up: on a fresh clone there is no vitest before. It sets the exit code.
const { startVitest } = await import('vitest/node')
const vitest = await startVitest('test', [], {
  root,
  watch: false,
  include: [hosts ? 'test/hosts/chaos.ts' : 'test/chaos/chaos.ts'],
  globalSetup: [],
  disableConsoleIntercept: true,
})
await vitest.close()

/** What stands on the command line: how many jobs, how long faults strike (what is left then is waited for), the seed. */
function options() {
  try {
    const { values } = parseArgs({
      options: {
        hosts: { type: 'boolean', default: false },
        jobs: { type: 'string', default: '10000' },
        minutes: { type: 'string', default: '4' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      },
    })
    if (!/^[1-9]\d*$/.test(values.jobs))
      throw new Error(`--jobs: expected a whole number, got ${values.jobs}`)
    if (!(Number(values.minutes) > 0)) throw new Error(`--minutes: expected a number, got ${values.minutes}`)
    if (!/^\d+$/.test(values.seed)) throw new Error(`--seed: expected a whole number, got ${values.seed}`)
    return values
  } catch (error) {
    console.error(error.message)
    process.exit(2)
  }
}
