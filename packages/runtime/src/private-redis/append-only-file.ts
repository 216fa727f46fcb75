import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Ran, run } from './run.ts'
import { type ServerBinary, serverName } from './server-binary.ts'

/**
 * Mends the append-only file after an unclean stop. A stop in the middle of a transaction leaves its first half at the
 * end of the file. Redis 7.0 forgets to remove the MULTI before it, so the half would be carried out by the start after
 * the next one; the checking tool cuts it off.
 *
 * @returns false when the tool couldn't be run; then the caller has the file written anew (BGREWRITEAOF)
 */
export async function mendAppendOnlyFile(
  directory: string,
  binary: ServerBinary,
  log: Logger,
): Promise<boolean> {
  const file = await appendOnlyFile(directory)
  if (file === undefined) return true
  const checked = await checkAof(binary, [file])
  // The text says "valid" of each sound part, so that the exit code decides; the text shows that it was the tool.
  if (isSound(checked)) return true
  const mended = await checkAof(binary, ['--fix', file])
  const cut = [...mended.output.matchAll(/diff=(\d+)/g)].at(-1)?.[1]
  const fixed = isSound(mended)
  if (fixed)
    log.warn(
      { bytes: Number(cut ?? 0) },
      'the private Redis was stopped in mid-write; its last, unfinished write was cut off',
    )
  return fixed
}

function isSound({ code, output }: Ran): boolean {
  return code === 0 && /(is|are) valid|Successfully truncated/i.test(output)
}

function checkAof({ file, env }: ServerBinary, args: string[]) {
  const argv0 = serverName(file).replace('-server', '-check-aof')
  return run(file, args, { argv0, env: { ...process.env, ...env }, input: 'yes\n', limit: 60_000 })
}

/** The manifest of Redis 7 and newer, or the single file of 6.2. */
async function appendOnlyFile(directory: string): Promise<string | undefined> {
  const folder = join(directory, 'appendonlydir')
  const names = await readdir(folder).catch(() => [])
  const manifest = names.find(name => name.endsWith('.manifest'))
  if (manifest !== undefined) return join(folder, manifest)
  const single = join(directory, 'appendonly.aof')
  return existsSync(single) ? single : undefined
}
