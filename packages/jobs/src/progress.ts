import type { Steps } from './job-context.ts'
import { type Log, silentLog } from './log.ts'
import { loggable } from './odd-error.ts'

const PAUSE = 200
const MAX_TEXT = 200
// How long the end of a job waits for the last of its progress to be written.
const LAST_WRITE = 1000

/** Progress as it is stored. */
export interface Progress {
  /** 0 to 1. */
  readonly fraction: number
  readonly text?: string
  readonly step?: number
  readonly of?: number
}

/** Takes progress; `end` passes on what has waited. */
export interface ProgressSink {
  (progress: Progress): Promise<unknown>
  end?(): Promise<void> | undefined
}

/** What a job said of its progress, within bounds; `undefined` for nonsense. */
export function readProgress(how: unknown, text?: unknown): Progress | undefined {
  if (typeof how === 'number')
    return Number.isNaN(how) ? undefined : { fraction: within(how / 100), ...told(text) }
  if (typeof how !== 'object' || how === null) return undefined
  const { step, of, text: own = text } = how as Partial<Record<keyof Steps, unknown>>
  if (typeof step !== 'number' || typeof of !== 'number' || Number.isNaN(step / of)) return undefined
  return { fraction: within(step / of), step, of, ...told(own) }
}

/**
 * Passes on progress at most five times a second, one write at a time, and the last always. What can't be written is left: a
 * job doesn't fail for it, nor wait.
 */
export function throttledProgress(
  write: (progress: Progress) => Promise<unknown>,
  log: Log = silentLog,
): ProgressSink {
  let waiting: Progress | undefined
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let last = -PAUSE

  const pass = () => {
    clearTimeout(timer)
    timer = undefined
    const progress = waiting
    if (!progress) return
    waiting = undefined
    last = performance.now()
    writing = attempt(write, progress, log).then(() => {
      writing = undefined
      plan()
    })
  }
  const plan = () => {
    if (!waiting || writing || timer) return
    const pause = last + PAUSE - performance.now()
    if (pause <= 0) pass()
    else timer = setTimeout(pass, pause)
  }
  const sink = async (progress: Progress) => {
    waiting = progress
    plan()
  }
  const end = () => (waiting || writing ? endWriting() : undefined)
  const endWriting = async () => {
    await atMost(LAST_WRITE, async () => {
      await writing
      pass()
      await writing
    })
    clearTimeout(timer)
    waiting = undefined
  }
  return Object.assign(sink, { end })
}

async function attempt(
  write: (progress: Progress) => Promise<unknown>,
  progress: Progress,
  log: Log,
): Promise<void> {
  try {
    await write(progress)
  } catch (error) {
    log.debug({ err: loggable(error) }, "a job's progress could not be written")
  }
}

async function atMost(ms: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work(), late])
  clearTimeout(timer)
}

function within(fraction: number): number {
  return Math.min(1, Math.max(0, fraction))
}

function told(text: unknown): { text?: string } {
  return typeof text === 'string' && text !== '' ? { text: text.slice(0, MAX_TEXT).toWellFormed() } : {}
}
