import type { JobContext } from './job-context.ts'
import { Sandbox } from './sandbox.ts'

/** The child processes of one worker. A child is used again for the next job of its module. */
export class SandboxPool {
  readonly #idle = new Map<string, Sandbox[]>()
  readonly #all = new Set<Sandbox>()
  #isClosed = false

  /** How many child processes there are. */
  get size(): number {
    return this.#all.size
  }

  /** Runs a job in a child process. */
  async run(module: URL, context: JobContext<unknown>): Promise<unknown> {
    if (this.#isClosed) throw new Error('the sandboxes of this worker are closed')
    const sandbox = this.#take(module)
    try {
      return await sandbox.run(context)
    } finally {
      if (sandbox.isFit && !context.signal.aborted && !this.#isClosed) this.#idleOf(module).push(sandbox)
      else {
        await sandbox.kill()
        this.#all.delete(sandbox)
      }
    }
  }

  /** Ends every child; a job that still runs in one has failed. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#idle.clear()
    await Promise.all(Array.from(this.#all, sandbox => sandbox.kill()))
    this.#all.clear()
  }

  #take(module: URL): Sandbox {
    const idle = this.#idleOf(module)
    for (let sandbox = idle.pop(); sandbox; sandbox = idle.pop()) {
      if (sandbox.isFit) return sandbox
      this.#all.delete(sandbox)
    }
    const sandbox = new Sandbox(module)
    this.#all.add(sandbox)
    return sandbox
  }

  #idleOf({ href }: URL): Sandbox[] {
    const idle = this.#idle.get(href) ?? []
    this.#idle.set(href, idle)
    return idle
  }
}
