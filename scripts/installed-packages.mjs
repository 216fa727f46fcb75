import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Entry */

/**
 * Whether node_modules holds what package-lock.json asks for, for instance because somebody ran `npm ci` by hand. npm
 * keeps a list of what it installed; packages for other systems may be missing from it.
 *
 * @param {string} root
 */
export function arePackagesInstalled(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return false
  const wanted = packagesIn(join(root, 'package-lock.json'))
  const installed = packagesIn(installedFile)
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link === true) return true
    const there = installed[path]
    if (there === undefined) return entry.optional === true && !isForThisSystem(entry)
    return (
      there.version === entry.version && there.integrity === entry.integrity && existsSync(join(root, path))
    )
  })
}

/**
 * @param {string} file
 * @returns {Record<string, Entry>}
 */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
  } catch {
    return {}
  }
}

/**
 * Whether an optional package is made for this very system. One that names no system serves another one that does; and
 * the C library (`libc`) can't be told from here.
 *
 * @param {Entry} entry
 */
function isForThisSystem({ os, cpu, libc }) {
  if (libc !== undefined || (os === undefined && cpu === undefined)) return false
  return (
    (os ?? [process.platform]).includes(process.platform) && (cpu ?? [process.arch]).includes(process.arch)
  )
}
