import { printableLines } from './printable.ts'

/**
 * An error whose message is written for the person at the terminal: one or two plain sentences with the remedy.
 * A main prints the message alone, never the stack (see `printFatal`).
 */
export class PlainError extends Error {
  override name = 'PlainError'
  /** What the process should exit with. */
  readonly exitCode: number = 1
}

/**
 * Prints why a process can't go on, and sets its exit code. A `PlainError` is told by its message alone, anything else
 * by its stack, because only the author can mend that.
 *
 * @param error what was caught
 * @param print where the text goes; standard error by default
 * @returns the exit code: 78 for the configuration (as in sysexits), else 1
 */
export function printFatal(error: unknown, print: (text: string) => void = printToStderr): number {
  const plain = error instanceof PlainError
  const text = plain ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  print(printableLines(text))
  const code = plain ? error.exitCode : 1
  process.exitCode = code
  return code
}

function printToStderr(text: string): void {
  process.stderr.write(`${text}\n`)
}
