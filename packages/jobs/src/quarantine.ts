import { setTimeout as pause } from 'node:timers/promises'

/**
 * Keeps jobs that may have killed their worker away from the others of this worker. A job is a suspect when it was running
 * in a worker that died; it begins alone, so that only the one that really kills its worker is counted for it, and not each
 * job that happened to run beside it. After a while others may begin beside it: at most one of their stalls is its fault, for
 * from then on they are suspects themselves, and two suspects never run together.
 */
export class Quarantine {
  readonly #patience: number
  readonly #settling: number
  #running = 0
  #takenAt: number | undefined
  #whenIdle: (() => void) | undefined

  /**
   * @param patience how long a suspect waits for running jobs to finish, and then has the worker for itself, ms
   * @param settling how long it waits besides, ms: for jobs that were fetched before it, and are not back in the queue yet
   */
  constructor(patience: number, settling = 0) {
    this.#patience = patience
    this.#settling = settling
  }

  /** Lets a job run when its turn has come; false when it has to come back later, because a suspect has the worker for itself. */
  async enter({ isSuspect }: { isSuspect: boolean }): Promise<boolean> {
    if (this.#takenAt !== undefined && (isSuspect || performance.now() < this.#takenAt + this.#patience))
      return false
    if (!isSuspect) {
      this.#running++
      return true
    }
    this.#takenAt = Infinity
    if (this.#running > 0) await this.#idle()
    if (this.#settling > 0) await pause(this.#settling)
    this.#takenAt = performance.now()
    return true
  }

  /** The job is over. */
  leave({ isSuspect }: { isSuspect: boolean }): void {
    if (isSuspect) this.#takenAt = undefined
    else if (--this.#running === 0) this.#whenIdle?.()
  }

  #idle(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, this.#patience)
      this.#whenIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
