import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from './config.ts'

/**
 * Loads `.env` from the current directory into `process.env`, if there is one. A variable that is already set wins,
 * also when it is set to nothing. Mains call this before `loadConfig`.
 *
 * @param path the file, `.env` by default
 * @throws ConfigError when the file is there and can't be read
 */
export function loadEnvFile(path = '.env'): void {
  const file = resolve(path)
  if (!existsSync(file)) return
  try {
    process.loadEnvFile(file)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ConfigError([
      { variable: path, text: `can't be read${reason}. Make it a readable file, or remove it.` },
    ])
  }
}
