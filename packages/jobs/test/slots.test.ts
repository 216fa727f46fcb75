import type { Worker } from 'bullmq'
import { describe, expect, it } from 'vitest'
import { letGo } from '../src/let-go.ts'
import { Slots } from '../src/slots.ts'

describe('slots', () => {
  it('hold what was added, until it is deleted, and use its place again', () => {
    const slots = new Slots<{ n: number }>()
    const [a, b, c] = [{ n: 1 }, { n: 2 }, { n: 3 }]
    slots.add(a).add(b)
    expect([slots.size, [...slots]]).toEqual([2, [a, b]])
    expect([slots.delete(a), slots.delete(a), slots.delete(c)]).toEqual([true, false, false])
    expect([slots.size, [...slots]]).toEqual([1, [b]])
    slots.add(c)
    expect([slots.size, [...slots]]).toEqual([2, [c, b]])
  })
})

describe("a worker of BullMQ's that lets go", () => {
  interface Node {
    next: Node | null
    value: string
  }
  function queueOf(...values: string[]) {
    let head = values.reduceRight<Node | null>((next, value) => ({ next, value }), null)
    const shift = () => {
      const node = head
      head = node?.next ?? null
      return node
    }
    return { pending: new Set<object>(), queue: { shift } }
  }

  it('takes nodes from its list that no longer point to the next, and keeps promises in slots', () => {
    const worker = { mainLoopQueue: null as ReturnType<typeof queueOf> | null }
    letGo(worker as unknown as Worker)
    const queue = queueOf('a', 'b')
    worker.mainLoopQueue = queue
    expect(worker.mainLoopQueue).toBe(queue)
    expect(queue.queue.shift()).toEqual({ value: 'a', next: null })
    expect(queue.queue.shift()).toEqual({ value: 'b', next: null })
    expect(queue.queue.shift()).toBeNull()
    expect(queue.pending).toBeInstanceOf(Slots)
  })

  it('goes on where its queue is made in another way', () => {
    const worker: { mainLoopQueue: unknown } = { mainLoopQueue: null }
    letGo(worker as unknown as Worker)
    for (const other of [null, {}, { pending: [], queue: [] }, { queue: { shift: 1 } }]) {
      worker.mainLoopQueue = other
      expect(worker.mainLoopQueue).toBe(other)
    }
  })
})
