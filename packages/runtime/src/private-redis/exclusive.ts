import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { lock } from 'proper-lockfile'
import { NoRedisError } from '../no-redis-error.ts'

const STALE = 6_000
const WAIT = 30_000

/**
 * Does something while no other process does the same with this directory: the private Redis is started, joined and
 * left one after the other. A process that was killed meanwhile holds the others up for 6 s.
 *
 * @throws NoRedisError when others held the directory for 30 s
 */
export async function exclusively<Result>(directory: string, action: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + WAIT
  const release = await acquire(directory, deadline)
  try {
    await claimTurn(directory, deadline)
    return await action()
  } finally {
    await writeFile(turnFile(directory), '').catch(() => {})
    // A lock that was lost meanwhile (the machine slept) is no longer ours to release.
    await release().catch(() => {})
  }
}

async function acquire(directory: string, deadline: number): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await lock(directory, {
        lockfilePath: join(directory, 'lock'),
        realpath: false,
        stale: STALE,
        update: 1_000,
        onCompromised: () => {},
      })
    } catch (error) {
      const held = error instanceof Error && 'code' in error && error.code === 'ELOCKED'
      if (!held) throw error
      if (Date.now() > deadline) throw tooLong(directory)
      await pause(20 + Math.random() * 60)
    }
  }
}

/**
 * When several processes find the lock of a killed one at the same moment, two of them can get it: the slower removes
 * the faster's. So whoever has it also writes down its process id, and waits while another living one stands there.
 */
async function claimTurn(directory: string, deadline: number): Promise<void> {
  const token = `${process.pid} ${Math.random()}`
  for (;;) {
    const holder = Number((await readTurn(directory)).split(' ')[0])
    if (holder === 0 || holder === process.pid || !isAlive(holder)) {
      const draft = `${turnFile(directory)}.${process.pid}`
      await writeFile(draft, token, { mode: 0o600 })
      await rename(draft, turnFile(directory))
      await pause(2)
      if ((await readTurn(directory)) === token) return
    }
    // A process id may have been given to somebody else: then the time limit of the wait, twice over, decides.
    if (Date.now() > deadline) {
      await writeFile(turnFile(directory), '').catch(() => {})
      throw tooLong(directory)
    }
    await pause(50)
  }
}

function readTurn(directory: string): Promise<string> {
  return readFile(turnFile(directory), 'utf8').catch(() => '')
}

function turnFile(directory: string): string {
  return join(directory, 'turn')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function tooLong(directory: string): NoRedisError {
  return new NoRedisError(
    `Other processes have been busy with the private Redis in ${directory} for ${WAIT / 1_000} s. Wait a little and try again.`,
  )
}
