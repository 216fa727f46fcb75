import { setTimeout as pause } from 'node:timers/promises'

// How often a suspect looks whether the others are back in the queue, ms.
const LOOK_EVERY = 10

/**
 * Keeps jobs that may have killed their worker away from the others of this worker. A job is a suspect when it was running
 * in a worker that died; it begins alone, so that only the one that really kills its worker is counted for it, and not each
 * job that happened to run beside it. After a while others may begin beside it: at most one of their stalls is its fault, for
 * from then on they are suspects themselves, and two suspects never run together.
 */
export class Quarantine {
  readonly #patience: number
  readonly #underWay: () => number
  #running = 0
  #takenAt: number | undefined
  #expectedUntil = 0
  #whenIdle: (() => void) | undefined

  /**
   * @param patience how long a suspect waits for running jobs to finish, and then has the worker for itself, ms
   * @param underWay how many others are between the queue and their beginning, or between their end and the queue: a suspect
   * waits for them as well
   */
  constructor(patience: number, underWay: () => number = () => 0) {
    this.#patience = patience
    this.#underWay = underWay
  }

  /** A suspect was fetched, begins, or has the worker for itself: a job fetched now would be put back, or be stalled with it. */
  get isClosed(): boolean {
    return this.#isTaken || performance.now() < this.#expectedUntil
  }

  get #isTaken(): boolean {
    return this.#takenAt !== undefined && performance.now() < this.#takenAt + this.#patience
  }

  /** A suspect was fetched: it enters soon. */
  expect(): void {
    this.#expectedUntil = performance.now() + this.#patience
  }

  /**
   * Lets a job run when its turn has come; false when it has to come back later, because a suspect has the worker for itself.
   * Only a suspect has anything to wait for.
   */
  enter({ isSuspect }: { isSuspect: boolean }): boolean | Promise<boolean> {
    if (isSuspect) this.#expectedUntil = 0
    if (this.#isTaken || (isSuspect && this.#takenAt !== undefined)) return false
    if (isSuspect) return this.#enterAlone()
    this.#running++
    return true
  }

  async #enterAlone(): Promise<boolean> {
    this.#takenAt = Infinity
    const end = performance.now() + this.#patience
    if (this.#running > 0) await this.#idle()
    while (this.#underWay() > 0 && performance.now() < end) await pause(LOOK_EVERY)
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
