import { createJobs, type JobDefinition } from '@tidings/jobs'
import { createLogger, openRedis } from '@tidings/runtime'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Random, seedOf } from '../history/random.ts'
import { oneMachine } from '../hosts/one-machine.ts'
import { oneRedis } from '../hosts/redis-on-hosts.ts'
import type { Release } from '../hosts/site.ts'
import { NO_FAULTS, type Scene, trial } from '../hosts/trial.ts'
import { unpackOldRelease } from './old-release.ts'
import { added, changed } from './release-jobs.mjs'

const APP = 'test/deploy/release-jobs.mjs'
const LIMIT = 240_000
/** As long as an old worker puts back what it doesn't know, and a busy machine needs besides, ms. */
const PATIENCE = 120_000

const [version1, version2] = [changed(1), changed(2)]

const NEW: Release = { app: APP, env: { NEWER: '1' } }
let old: Release
beforeAll(async () => {
  const { root, remove } = await unpackOldRelease(APP)
  old = { root, app: APP }
  return remove
})

const seed = seedOf('deploy')

describe('a deploy that rolls over a site, and back', () => {
  it.each(['workers', 'webs'] as const)(
    'tells of each job once, the %s first',
    { timeout: LIMIT },
    async first => {
      const found = await trial({
        title: `deploy, ${first} first`,
        redis: oneRedis,
        release: old,
        open: oneMachine,
        count: 120,
        lasts: 15_000,
        random: new Random(seed),
        async faults(scene) {
          const { site, webs, workers, say } = scene
          const order = first === 'workers' ? [...workers, ...webs] : [...webs, ...workers]
          const asker = await newerAsker(scene)
          await asker.ask(version1, 'old-version')
          // As from a web process of the new release, the first of which may be there before any new worker.
          if (first === 'webs') await asker.ask(version2, 'new-version')
          if (first === 'webs') await asker.ask(added, 'new-name')
          for (const host of order) {
            await site.deploy(host, NEW)
            say(`${host.name} runs the new release`)
            await asker.ask(version1, `old-version-beside-${host.name}`)
          }
          await asker.ask(version2, 'new-version-after')
          await asker.ask(added, 'new-name-after')
          // What only the new release knows has to end before its last worker goes.
          await asker.ended()
          for (const host of order.toReversed()) {
            await site.deploy(host, old)
            say(`${host.name} runs the old release again`)
            await asker.ask(version1, `old-version-back-${host.name}`)
          }
        },
      })
      expect(found).toEqual(NO_FAULTS)
    },
  )
})

/** Somebody who asks for jobs that differ between the releases, and waits for them. */
async function newerAsker({ redis, store, history, persons }: Scene) {
  const handle = await openRedis({
    url: redis.url,
    dataDir: '/nowhere',
    log: createLogger({ name: 'test', level: 'silent' }),
  })
  const connection = await handle.connect('worker')
  const askers = new Map<JobDefinition, ReturnType<typeof createJobs>>()
  onTestFinished(async () => {
    await Promise.all([...askers.values()].map(asker => asker.close()))
    await handle.close()
  })
  const owner = persons[0]?.id ?? ''
  const asked: string[] = []
  return {
    async ask(definition: JobDefinition, label: string) {
      const asker =
        askers.get(definition) ??
        createJobs({ redis: connection, store, definitions: [definition], sweepEvery: 0 })
      askers.set(definition, asker)
      history.invoked(label, owner, ['success'])
      const { id } = await asker.enqueue(definition, { label }, { owner })
      history.ok(label, id)
      asked.push(id)
    },
    /** Waits until all that was asked for has ended, well or not. */
    async ended() {
      const [asker] = askers.values()
      const open = async () => {
        const states = await Promise.all(asked.map(async id => (await asker?.find(id, { owner }))?.state))
        return states.filter(state => state !== 'completed' && state !== 'failed').length
      }
      await expect.poll(open, { timeout: PATIENCE, interval: 100 }).toBe(0)
    },
  }
}
