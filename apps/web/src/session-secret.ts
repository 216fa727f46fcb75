import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlainError } from '@tidings/runtime'

const FILE = 'session-secret'
const MIN_LENGTH = 32

/**
 * The secret that signs session cookies where none is configured: made once, kept in `dataDir` for this user alone.
 * Several processes that start at once agree on one.
 * @throws PlainError when the folder can't be written, or the file in it was cut short
 */
export async function sessionSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE)
  try {
    return (await read(path)) ?? (await make(dataDir, path))
  } catch (error) {
    if (error instanceof PlainError) throw error
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new PlainError(
      `The session secret can't be kept in ${path}${reason}. Set SESSION_SECRET, or DATA_DIR to a folder that this user may write.`,
      { cause: error },
    )
  }
}

// A link appears with its whole content or not at all, and never replaces what another process put there first.
async function make(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
    await link(draft, path).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  const made = await read(path)
  if (made === undefined)
    throw new PlainError(`The session secret ${path} vanished while it was made. Start again.`)
  return made
}

async function read(path: string): Promise<string | undefined> {
  const secret = await readFile(path, 'utf8').then(
    text => text.trim(),
    error => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  if (secret !== undefined && secret.length < MIN_LENGTH) {
    throw new PlainError(
      `The session secret in ${path} is too short. Delete the file, and a new one is made.`,
    )
  }
  return secret
}
