import type { JobView } from './job-view.ts'

// The place in the queue changes by what others do, and no stamp says so.
const LOOK_AGAIN = 2000

/** What following a job needs. */
export interface Following {
  find(): Promise<JobView | undefined>
  /** Calls back when the job may have changed; gives what ends that. */
  watch(changed: () => void): () => void
  signal?: AbortSignal | undefined
}

/** A job as it is, and again each time it has changed, until it has ended, is gone, or the signal fires. */
export async function* follow({ find, watch, signal }: Following): AsyncGenerator<JobView, void, undefined> {
  const bell = new Bell()
  const ring = () => bell.ring()
  const leave = watch(ring)
  signal?.addEventListener('abort', ring, { once: true })
  try {
    let last = ''
    while (!signal?.aborted) {
      bell.mute()
      const view = await lookAgain(find, last !== '')
      if (signal?.aborted || view === undefined) return
      const seen = view === 'later' ? last : JSON.stringify(view)
      if (view !== 'later' && seen !== last) {
        last = seen
        yield view
        if (view.state === 'completed' || view.state === 'failed') return
      }
      const isMoving = view === 'later' || view.state === 'waiting'
      await bell.rung(isMoving ? LOOK_AGAIN : undefined)
    }
  } finally {
    leave()
    signal?.removeEventListener('abort', ring)
  }
}

/** Redis may be away for a while: whoever follows waits for it, once they have seen the job. */
async function lookAgain(find: Following['find'], isSeen: boolean): Promise<JobView | 'later' | undefined> {
  try {
    return await find()
  } catch (error) {
    if (!isSeen) throw error
    return 'later'
  }
}

/** What rings while nobody waits for it is heard at once by the next who does. */
class Bell {
  #hasRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  mute(): void {
    this.#hasRung = false
  }

  /** @param atMost ms */
  async rung(atMost: number | undefined): Promise<void> {
    if (this.#hasRung) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      this.#wake = resolve
      if (atMost !== undefined) timer = setTimeout(resolve, atMost)
    })
    clearTimeout(timer)
    this.#wake = undefined
  }
}
