import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { LogLine } from '../process.ts'
import type { Host } from './network.ts'
import type { Scene } from './trial.ts'

// Locks of 10 s, looked at every 5 s, on a machine that may be busy, ms.
const PICKED_UP_WITHIN = 60_000
// Longer than the lease of a page's messages, ms.
const WEB_AWAY = 11_000
const SHARE = 0.05

/** From now on a share of the packets of the second worker host gets lost. */
export function lossyWorker({ network, workers, say }: Scene): void {
  say(`${workers[1].name}: ${network.lose(workers[1], SHARE)}`)
}

/** The third worker host loses its network while it runs jobs, until others have picked these up; then it comes back and ends them. */
export async function lostWorker({ network, site, workers, say }: Scene): Promise<void> {
  const [first, second, third] = workers
  const running = () => runningOf(site.logOf(third))
  await expect.poll(running, { timeout: PICKED_UP_WITHIN, interval: 20 }).toBeGreaterThan(0)
  const all = () =>
    site.logOf(first, second).filter(({ msg }) => msg.startsWith('job picked up again')).length
  const before = all()
  const pickedUp = () => all() - before
  network.cut(third)
  const cut = Date.now()
  say(`${third.name} has no network any more, with ${running()} jobs`)
  await expect.poll(pickedUp, { timeout: PICKED_UP_WITHIN, interval: 50 }).toBeGreaterThan(0)
  network.join(third)
  say(`${third.name} is back after ${Date.now() - cut} ms; others had picked up ${pickedUp()} of its jobs`)
}

/** The second web host loses its network while it answers. */
export async function lostWeb({ network, site, webs, history, people, say }: Scene): Promise<void> {
  const [, second] = webs
  await pause(2_000)
  network.cut(second)
  const cut = Date.now()
  say(`${second.name} has no network any more`)
  await pause(WEB_AWAY)
  people.cutOff(history, site.addressOf(second), cut)
  network.join(second)
  say(`${second.name} is back after ${Date.now() - cut} ms`)
}

/** The master's host, and those with it, lose all others, until some time after another master has taken over: each has its own people meanwhile. */
export async function partMaster({ network, redis, history, say }: Scene, ...withIt: Host[]): Promise<void> {
  const { mastersHost } = redis
  const file = await redis.holdMaster?.()
  if (!mastersHost || !file) throw new Error('This Redis has no master to part from a replica')
  const parted = Date.now()
  const side = [mastersHost, ...withIt]
  network.part(...side)
  say(`parted from all others: ${side.map(({ name }) => name).join(', ')}`)
  const successor = await redis.successor?.()
  if (successor) await file.tookOver(successor)
  say(`another master has taken over after ${Date.now() - parted} ms`)
  // So long both are masters, each with people who use it.
  await pause(3_000)
  network.join(...side)
  await redis.follows?.()
  const { text, bytes } = await file.unknown()
  history.cut(text, Date.now(), parted)
  await file.close()
  say(`all are together again; the old master had ${bytes} bytes that its successor never had`)
}

/** How many jobs a worker runs, as its log says. */
function runningOf(log: readonly LogLine[]): number {
  const running = new Set<unknown>()
  for (const { msg, jobId, ready } of log) {
    if (ready) running.clear() // it was started again
    if (msg === 'job started') running.add(jobId)
    if (/^(job ended|attempt failed)/.test(msg)) running.delete(jobId)
  }
  return running.size
}
