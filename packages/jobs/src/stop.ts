/** Stops an attempt. Its signal is made when somebody asks for it: most jobs never do, and it costs more than many of them. */
export class Stop {
  #isStopped = false
  #reason: unknown
  #controller: AbortController | undefined
  #listener: (() => void) | undefined

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Why; `undefined` until then. */
  get reason(): unknown {
    return this.#reason
  }

  /** Fires when the attempt should stop. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#isStopped) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The first reason counts. */
  stop(reason: unknown): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#listener?.()
  }

  /** Who is told, in place of whoever was before; at once, if it is stopped already. */
  whenStopped(listener: (() => void) | undefined): void {
    this.#listener = listener
    if (this.#isStopped) listener?.()
  }
}
