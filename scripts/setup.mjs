/** Installs packages and builds the binary if necessary, then runs a command, so that `npm start`
 *  and `npm test` work in a fresh clone. Uses no packages, because they may not be installed yet.
 *
 *  usage: node scripts/setup.mjs [COMMAND [ARG ...]] */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInForeground } from './run-in-foreground.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamps = join(root, 'build/stamps')

process.chdir(root)
mkdirSync(stamps, { recursive: true })
installPackages()
buildBinary()
const [command, ...args] = process.argv.slice(2)
if (command !== undefined) {
  process.exitCode = await runInForeground(command, args).catch(({ message }) => stop(message))
}

/** Runs `npm ci` if the lock file changed since the last install. */
function installPackages() {
  const wanted = hashOf(['package-lock.json'])
  if (existsSync('node_modules') && isStamped('packages', wanted)) return
  say('installing packages (npm ci) …')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) stop('cannot install the packages: "npm ci" failed, see above')
  stamp('packages', wanted)
}

/** Builds if a source changed since the last build. */
function buildBinary() {
  const wanted = hashOf([
    'package-lock.json',
    'package.json',
    ...filesIn('native'),
    ...filesIn('src'),
    ...filesIn('scripts'),
  ])
  if (existsSync('build/pitcrew') && isStamped('binary', wanted)) return
  const compiler = process.env.CC ?? 'cc'
  if (spawnSync(compiler, ['--version']).status !== 0) {
    stop(
      `cannot build: there is no C compiler "${compiler}"; install one (Debian: apt-get install gcc libc6-dev) or set CC`,
    )
  }
  say('building build/pitcrew (about 20 s the first time) …')
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 2, 2] })
  if (build.status !== 0) stop('cannot build pitcrew, see above')
  stamp('binary', wanted)
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort()
}

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

function isStamped(name, value) {
  const file = join(stamps, name)
  return existsSync(file) && readFileSync(file, 'utf8') === value
}

function stamp(name, value) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, name), value)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function stop(text) {
  say(text)
  process.exit(1)
}
