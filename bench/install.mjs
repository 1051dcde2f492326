/** Installs missing contenders: Debian packages with apt-get if run as root, pm2 with npm into a
 *  folder under build/. Contenders that cannot be installed are reported and left out. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const npmFolder = join(import.meta.dirname, '../build/bench/npm')

/** @returns null if a program is in PATH, else the reason why its contender is left out. */
export function missing(command) {
  const isInPath = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0
  return isInPath ? null : `${command} is not installed`
}

/** The path of a program that is installed with npm. */
export function fromNpm(command) {
  return join(npmFolder, 'node_modules/.bin', command)
}

/** Tries to install missing contenders. Their `absent()` tells afterwards whether that
 *  succeeded. */
export function installPeers(contenders, log) {
  const absent = contenders.filter((contender) => contender.absent() !== null)
  const debian = [...new Set(absent.flatMap((contender) => contender.package ?? []))]
  if (debian.length > 0) installFromDebian(debian, log)
  for (const { npmPackage } of absent) if (npmPackage !== undefined) installFromNpm(npmPackage, log)
}

function installFromDebian(packages, log) {
  if (process.getuid?.() !== 0 || missing('apt-get') !== null) {
    log(`cannot install ${packages.join(', ')}: that needs root and apt-get`)
    return
  }
  log(`installing ${packages.join(', ')} (apt-get) …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  attempt('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env }, log)
}

function installFromNpm(name, log) {
  log(`installing ${name} (npm) …`)
  mkdirSync(npmFolder, { recursive: true })
  const words = ['install', '--prefix', npmFolder, '--no-audit', '--no-fund', name]
  attempt('npm', words, {}, log)
}

function attempt(command, words, options, log) {
  try {
    execFileSync(command, words, { ...options, stdio: 'pipe' })
  } catch (error) {
    log(
      `cannot install: ${String(error.stderr ?? error)
        .trim()
        .split('\n')
        .at(-1)}`,
    )
  }
}

export function isInstalled(command) {
  return existsSync(fromNpm(command))
}
