import { error, type NewMessage, success, warning } from '@tidings/messages'
import type { Outcome } from '../outcome.ts'

/** What a batch is made of. */
export interface MemoryBatchOptions {
  readonly id: string
  readonly owner: string
  readonly jobs: readonly string[]
  /** Of the definition. */
  readonly title: string
  readonly message?: { readonly finished: string; readonly failed: string } | undefined
}

/** Jobs of which their owner is told once. */
export class MemoryBatch {
  readonly id: string
  readonly jobs: readonly string[]
  readonly #texts: { readonly finished: string; readonly failed: string }
  readonly #kinds = new Map<string, Outcome['kind']>()

  constructor({ id, jobs, title, message }: MemoryBatchOptions) {
    this.id = id
    this.jobs = jobs
    this.#texts = message ?? {
      finished: `${title}: {finished} of {total} finished.`,
      failed: `${title}: {finished} of {total} finished, {failed} failed.`,
    }
  }

  /** One of its jobs has ended. @returns the batch's message, where all have. */
  end(job: string, kind: Outcome['kind']): NewMessage | undefined {
    this.#kinds.set(job, kind)
    if (this.#kinds.size < this.jobs.length) return undefined
    const cancelled = this.#count('cancelled')
    const failed = this.#count('failure') + cancelled
    const partial = this.#count('partial')
    const total = this.jobs.length
    const counts: Record<string, number> = { total, finished: total - failed, failed, partial, cancelled }
    const text = failed > 0 ? this.#texts.failed : this.#texts.finished
    const make = failed > 0 ? error : partial > 0 ? warning : success
    const told = text.replace(/\{(\w+)\}/g, (whole, name) => String(counts[name] ?? whole))
    return make(told, { key: `batch:${this.id}`, job: this.id })
  }

  #count(kind: Outcome['kind']): number {
    return [...this.#kinds.values()].filter(one => one === kind).length
  }
}
