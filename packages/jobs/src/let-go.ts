import type { Worker } from 'bullmq'
import { Slots } from './slots.ts'

/**
 * Has a worker of BullMQ's let go of jobs that are over. Its queue of promises is a set ({@link Slots} says what that costs) and
 * a linked list whose nodes go on pointing to the next one when they were taken: together they keep each job until the next full
 * collection. Where a version of BullMQ has no such queue, nothing is done, and nothing is lost but memory.
 * @returns how many jobs are in that queue, or on their way to it: of those that are fetched, run, are put back or end, and of
 * those that wait for their turn in this process
 */
export function letGo(worker: Worker): () => number {
  let queue: Partial<PromiseQueue> | null = null
  Object.defineProperty(worker, 'mainLoopQueue', {
    configurable: true,
    enumerable: true,
    get: () => queue,
    set: (fresh: Partial<PromiseQueue> | null) => {
      queue = fresh
      if (fresh?.pending instanceof Set && fresh.pending.size === 0) fresh.pending = new Slots<object>()
      if (fresh?.queue) cutBehind(fresh.queue)
    },
  })
  return () => queue?.numTotal?.() ?? 0
}

/** BullMQ's AsyncFifoQueue. */
interface PromiseQueue {
  pending: Set<object> | Slots<object>
  queue: LinkedList
  numTotal(): number
}

interface LinkedList {
  shift?(): { next: unknown } | null
}

function cutBehind(list: LinkedList): void {
  const { shift } = list
  if (typeof shift !== 'function') return
  list.shift = function () {
    const node = shift.call(this)
    if (node) node.next = null
    return node
  }
}
