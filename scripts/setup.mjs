// Everything that has to be there before Tidings can run: a new enough Node, the packages, the build. Depends on
// nothing, because it runs first on a fresh clone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { arePackagesInstalled } from './installed-packages.mjs'
import { withSetupLock } from './setup-lock.mjs'

/** The folder of the clone. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const OLDEST_NODE = [20, 19]

/**
 * Sets everything up. Quick (half a second) when there is nothing to do; ends the process with a plain sentence when
 * it can't be done.
 */
export async function setUp() {
  try {
    refuseOldNode()
    process.chdir(root)
    await withSetupLock(root, () => {
      install()
      build()
    })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

/** A fault that is told by its message alone. */
class SetupError extends Error {}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldMajor = 0, oldMinor = 0] = OLDEST_NODE
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return
  throw new SetupError(
    `This is Node ${process.versions.node}; Tidings needs Node ${OLDEST_NODE.join('.')} or newer. Install one from https://nodejs.org and try again.`,
  )
}

function install() {
  const stampFile = join(root, 'node_modules', '.tidings-stamp')
  const wanted = stamp()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return
  if (!arePackagesInstalled(root)) {
    const first = !existsSync(join(root, 'node_modules'))
    console.log(
      first ? 'Installing packages (first time: about 15 s)…' : 'Installing packages, because they changed…',
    )
    installPackages()
  }
  writeFileSync(stampFile, wanted)
}

function stamp() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  const major = process.versions.node.split('.')[0]
  return hash.update(`node ${major} ${process.platform} ${process.arch}`).digest('hex')
}

function installPackages() {
  const ran = runNpm('ci', '--include=dev', '--loglevel=error')
  if (ran.status === 0) return
  throw new SetupError(
    `${ran.stderr ?? ran.error?.message ?? ''}\nThe packages could not be installed; what npm says is above. Mend that, or try \`npm install\` by hand.`,
  )
}

/** @param {string[]} args */
function runNpm(...args) {
  // With NODE_ENV=production npm would leave out the compiler.
  const { NODE_ENV: _, npm_execpath: npm = '', ...env } = process.env
  const options = /** @type {const} */ ({
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  // npm's own script rather than `npm`, which on Windows is a command file that can't be spawned.
  return /npm-cli\.[cm]?js$/.test(npm)
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
}

function build() {
  const projects = ['packages', 'apps'].flatMap(folder =>
    readdirSync(join(root, folder)).map(name => join(root, folder, name)),
  )
  // The compiler goes by what it remembers having built: it doesn't notice an output that was deleted.
  const missing = projects.some(project => !existsSync(join(project, 'dist')))
  if (missing) console.log('Building…')
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [compiler, '--build', 'tsconfig.json', ...(missing ? ['--force'] : [])]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new SetupError('The build failed; what the compiler says is above.')
}
