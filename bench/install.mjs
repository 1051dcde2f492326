/** Gets the peers that this machine does not have: Debian's by apt-get when we are root, pm2 by npm
 *  into a folder under build/. Whom it cannot get, the benchmark does without, and says so. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const npmFolder = join(import.meta.dirname, '../build/bench/npm')

/** @returns null when a program is in PATH, else what is said of whoever needs it. */
export function missing(command) {
  const isThere = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0
  return isThere ? null : `there is no ${command}`
}

/** The path of a program that npm installed. */
export function fromNpm(command) {
  return join(npmFolder, 'node_modules/.bin', command)
}

/** Tries to get those who are absent; what went wrong is said by their `absent()`. */
export function installPeers(contenders, say) {
  const absent = contenders.filter((contender) => contender.absent() !== null)
  const debian = [...new Set(absent.flatMap((contender) => contender.package ?? []))]
  if (debian.length > 0) installFromDebian(debian, say)
  for (const { npmPackage } of absent) if (npmPackage !== undefined) installFromNpm(npmPackage, say)
}

function installFromDebian(packages, say) {
  if (process.getuid?.() !== 0 || missing('apt-get') !== null) {
    say(`cannot install ${packages.join(', ')}: that takes root and apt-get`)
    return
  }
  say(`installing ${packages.join(', ')} (apt-get) …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  attempt('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env }, say)
}

function installFromNpm(name, say) {
  say(`installing ${name} (npm) …`)
  mkdirSync(npmFolder, { recursive: true })
  const words = ['install', '--prefix', npmFolder, '--no-audit', '--no-fund', name]
  attempt('npm', words, {}, say)
}

function attempt(command, words, options, say) {
  try {
    execFileSync(command, words, { ...options, stdio: 'pipe' })
  } catch (error) {
    say(
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
