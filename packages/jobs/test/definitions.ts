import { z } from 'zod'
import { defineJob, type Log } from '../src/index.ts'

/** A log that keeps its lines. */
export function keptLog() {
  const lines: { level: string; facts: Record<string, unknown>; text: string }[] = []
  const line = (level: string, bound: object) => (facts: object, text: string) =>
    void lines.push({ level, facts: { ...bound, ...facts }, text })
  const bind = (bound: object): Log => ({
    debug: line('debug', bound),
    info: line('info', bound),
    warn: line('warn', bound),
    error: line('error', bound),
    child: facts => bind({ ...bound, ...facts }),
  })
  return { log: bind({}), lines }
}

/** A job that does what the test says, once an attempt. */
export function jobThat(
  run: (context: { attempt: number; signal: AbortSignal }) => unknown,
  more: Partial<Parameters<typeof defineJob>[0]> = {},
) {
  return defineJob({
    name: 'do-it',
    input: z.unknown(),
    run: async context => run(context),
    messages: { success: () => 'Done.' },
    ...more,
  } as Parameters<typeof defineJob>[0])
}

/** A promise, and what resolves it. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(keep => {
    resolve = keep
  })
  return { promise, resolve }
}
