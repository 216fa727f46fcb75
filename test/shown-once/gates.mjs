/** Places where a test makes a request wait, so that it happens exactly between two steps. */
export class Gates {
  #held = new Map()

  /** From now on whoever comes by waits. */
  hold(name) {
    if (this.#held.has(name)) return {}
    const gate = { waiting: 0, left: 0 }
    gate.opened = new Promise(resolve => {
      gate.open = resolve
    })
    this.#held.set(name, gate)
    return {}
  }

  open(name) {
    this.#held.get(name)?.open()
    this.#held.delete(name)
    return {}
  }

  /** How many wait there, and of how many of those the process knows that their client has gone. */
  at(name) {
    const { waiting = 0, left = 0 } = this.#held.get(name) ?? {}
    return { waiting, left }
  }

  /** Goes through, at once where nobody holds the gate. */
  async pass(name, request) {
    const gate = this.#held.get(name)
    if (!gate) return
    gate.waiting++
    request?.raw.socket.once('close', () => gate.left++)
    await gate.opened
  }
}
