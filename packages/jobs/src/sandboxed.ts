import type { JobContext } from './job-context.ts'
import { SandboxPool } from './sandbox-pool.ts'

type Run = (context: JobContext<unknown>) => Promise<unknown>

// By the function and not in the definition, so that a definition that is spread into another one stays sandboxed.
const MODULES = new WeakMap<object, URL>()

/** What a definition runs whose work is done by a module in a child process: called by itself, one of its own. */
export function sandboxed(module: URL): Run {
  const run: Run = async context => {
    const pool = new SandboxPool()
    try {
      return await pool.run(module, context)
    } finally {
      await pool.close()
    }
  }
  MODULES.set(run, module)
  return run
}

/** The module of a job that is sandboxed; `undefined` for any other. */
export function moduleOf({ run }: { readonly run: object }): URL | undefined {
  return MODULES.get(run)
}
