/** The oldest Redis that has every command that Tidings uses. */
export const OLDEST_REDIS = '6.2'

/** Whether a version such as '7.0.15' is at least 6.2. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 2)
}

/** The version in the answer to `INFO server`. Valkey names the Redis version that it is compatible with. */
export function versionIn(info: string): string {
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? '0'
}
