import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const WAIT = 5 * 60_000

/**
 * Does something while no other terminal sets up the same clone. A lock whose process is gone counts as none.
 *
 * @param {string} root
 * @param {() => void} action
 */
export async function withSetupLock(root, action) {
  const lock = join(root, '.setup-lock')
  const locked = await acquire(lock)
  try {
    action()
  } finally {
    if (locked) rmSync(lock, { recursive: true, force: true })
  }
}

/**
 * @param {string} lock
 * @returns {Promise<boolean>} false where nothing can be written, so that there is nothing to guard either
 */
async function acquire(lock) {
  const deadline = Date.now() + WAIT
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(lock)
      writeFileSync(join(lock, 'pid'), String(process.pid))
      return true
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
      if (code !== 'EEXIST') throw error
    }
    if (isStale(lock) || Date.now() > deadline) rmSync(lock, { recursive: true, force: true })
    else {
      if (!waited) console.log('Waiting for the set-up in another terminal…')
      await pause(200)
    }
  }
}

/** @param {string} lock */
function isStale(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'))
    if (pid > 0) {
      process.kill(pid, 0)
      return false
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ESRCH') return true
    if (code === 'EPERM') return false
  }
  // Between making the folder and writing the number lies a moment.
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  return made !== undefined && Date.now() - made > 5_000
}
