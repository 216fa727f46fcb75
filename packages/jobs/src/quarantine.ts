/**
 * Keeps jobs that may have killed their worker away from the others of this worker. A job is a suspect when it was running
 * in a worker that died; it runs alone, so that only the one that really kills its worker is counted for it, and not each
 * job that happened to run beside it.
 */
export class Quarantine {
  readonly #patience: number
  #running = 0
  #isTaken = false
  #whenIdle: (() => void) | undefined

  /** @param patience how long a suspect waits for running jobs to finish, ms; then it runs beside them all the same. */
  constructor(patience: number) {
    this.#patience = patience
  }

  /** Lets a job run when its turn has come; false when it has to come back later, because a suspect has the worker for itself. */
  async enter({ isSuspect }: { isSuspect: boolean }): Promise<boolean> {
    if (this.#isTaken) return false
    if (isSuspect) {
      this.#isTaken = true
      if (this.#running > 0) await this.#idle()
    } else this.#running++
    return true
  }

  /** The job is over. */
  leave({ isSuspect }: { isSuspect: boolean }): void {
    if (isSuspect) this.#isTaken = false
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
