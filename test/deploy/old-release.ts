import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const clone = join(import.meta.dirname, '../..')

/** The release before this one, as `node scripts/pack-release.mjs` packed it from its build. */
export const LAST_RELEASE = '0.1.0-ba3c444'

/** Unpacks the release before, with the packages that are installed here; gives its folder. */
export async function unpackOldRelease(
  ...more: string[]
): Promise<{ root: string; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'tidings-release-'))
  execFileSync('tar', ['-xzf', join(import.meta.dirname, 'releases', `${LAST_RELEASE}.tgz`), '-C', root])
  const modules = join(root, 'node_modules')
  await mkdir(join(modules, '@tidings'), { recursive: true })
  for (const name of await readdir(join(clone, 'node_modules')))
    if (name !== '@tidings' && !name.startsWith('.'))
      await symlink(join(clone, 'node_modules', name), join(modules, name))
  for (const name of await readdir(join(root, 'packages')))
    await symlink(join(root, 'packages', name), join(modules, '@tidings', name))
  for (const file of more) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await cp(join(clone, file), join(root, file))
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}
