/** Makes a fresh clone ready, then runs a command: `npm start` and `npm test` must each work as
 *  the only command on a machine with Node, npm and a C compiler. Needs no package of its own,
 *  since there may be none yet.
 *
 *  usage: node scripts/setup.mjs [COMMAND [ARG ...]] */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInFront } from './in-front.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamps = join(root, 'build/stamps')

process.chdir(root)
mkdirSync(stamps, { recursive: true })
installPackages()
buildBinary()
const [command, ...args] = process.argv.slice(2)
if (command !== undefined) {
  process.exitCode = await runInFront(command, args).catch(({ message }) => stop(message))
}

/** `npm ci` when the lock file is not the one that was installed from. */
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

/** The build when a source is newer than the last one was made from. */
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
