// What is compared. Each side is a queue with its keys under a prefix of its own, a process that enqueues, and a worker.
import { createJobs, defineJob } from '@tidings/jobs'
import { RedisMessageStore } from '@tidings/messages'
import { Queue, Worker } from 'bullmq'
import { z } from 'zod'

export const QUEUE = 'jobs'
const CONCURRENCY = 50
/** How long a command may wait, ms. */
export const PATIENCE = 30_000
// The same on all sides: what Tidings keeps.
const KEPT = { age: 3 * 24 * 60 * 60, count: 100_000 }

/** By name: who enqueues, who works, whether a message says that a job has started, and how many people the jobs belong to. */
export const SIDES = {
  bare: { adds: 'bullmq', works: 'bullmq', owners: 1000 },
  outcomes: { adds: 'bullmq', works: 'tidings', owners: 1000 },
  ledger: { adds: 'tidings', works: 'tidings', owners: 1000 },
  'ledger, started': { adds: 'tidings', works: 'tidings', isStartTold: true, owners: 1000 },
  'ledger, full lists': { adds: 'tidings', works: 'tidings', owners: 20 },
}

export function prefixOf(side) {
  return `{bench-${Object.keys(SIDES).indexOf(side)}}`
}

/** Takes a job's number, and adds it. */
export function adder(side, redis) {
  const { adds, owners } = SIDES[side]
  const ownerOf = n => `user-${n % owners}`
  if (adds === 'tidings') {
    const { jobs, definition } = tidings(side, redis)
    return n => jobs.enqueue(definition, { n }, { owner: ownerOf(n) })
  }
  const queue = new Queue(QUEUE, { connection: redis, prefix: prefixOf(side) })
  const options = { attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT }
  return n => queue.add('noop', { owner: ownerOf(n), input: { n } }, options)
}

/** Starts a worker; `ended` is called for each job that was completed. */
export async function startWorker(side, redis, ended) {
  if (SIDES[side].works === 'tidings') {
    const onEvent = event => event === 'success' && ended()
    await tidings(side, redis, onEvent).jobs.work({ concurrency: CONCURRENCY })
    return
  }
  const options = { connection: redis, prefix: prefixOf(side), concurrency: CONCURRENCY }
  const worker = new Worker(QUEUE, async () => {}, options)
  worker.on('completed', ended)
  worker.on('error', error => console.error(error))
  await worker.waitUntilReady()
}

function tidings(side, redis, onEvent) {
  const store = new RedisMessageStore({ redis, prefix: prefixOf(side) })
  const definition = defineJob({
    name: 'noop',
    input: z.object({ n: z.number() }),
    async run() {},
    messages: {
      ...(SIDES[side].isStartTold && { started: () => 'Your import has started.' }),
      success: ({ input }) => `Your import has ended: ${input.n} posts were read.`,
    },
  })
  return {
    definition,
    jobs: createJobs({ redis, store, definitions: [definition], onEvent, timeout: PATIENCE }),
  }
}
