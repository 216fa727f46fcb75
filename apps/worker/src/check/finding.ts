/** What one check has found. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'fault'
  readonly text: string
  /** What to do; for a warning or a fault. */
  readonly remedy?: string
  /** Of a fault, where it isn't 1. */
  readonly exitCode?: number
}

/** All is well. */
export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text }
}

/** It works, but something may be lost, or somebody may have to wait. */
export function warning(check: string, text: string, remedy: string): Finding {
  return { check, state: 'warning', text, remedy }
}

/** It doesn't work, or messages get lost. */
export function fault(check: string, text: string, remedy: string, exitCode?: number): Finding {
  return { check, state: 'fault', text, remedy, ...(exitCode !== undefined && { exitCode }) }
}
