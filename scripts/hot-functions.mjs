/** Writes native/hot-functions.txt: the functions of engine and host that common work executes,
 *  counted by valgrind. The linker puts them side by side (build.mjs), so that a process does not
 *  load the pages of the others. The list may be incomplete or name what does not exist.
 *
 *  usage: node scripts/hot-functions.mjs */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '..')
const target = join(root, 'native/hot-functions.txt')
const binary = join(root, 'build/pitcrew-debug')
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-hot-'))
/** For a start under valgrind, in milliseconds. */
const patienceMs = 60_000

const bundle = {
  signals: { USR1: { restart: ['d1'] } },
  daemons: Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [
      `d${index}`,
      { command: ['/bin/sh', '-c', 'echo up $$; exec sleep 1000'], restart: { backoff: 'none' } },
    ]),
  ),
}
let ownNames
const env = { ...process.env, PITCREW_STATE_DIR: folder, PITCREW_RUN_DIR: folder }

execFileSync('node', [join(root, 'scripts/build.mjs'), '--debug'], { stdio: 'inherit' })
try {
  const ofSupervisor = await functionsOfSupervisor()
  const ofClient = functionsIn('client').filter((name) => !ofSupervisor.includes(name))
  const names = [...ofSupervisor, ...ofClient]
  writeFileSync(target, `# Made by scripts/hot-functions.mjs.\n${names.join('\n')}\n`)
  process.stdout.write(`${target}: ${names.length} functions\n`)
} finally {
  rmSync(folder, { recursive: true })
}

/** Boot, restart, death, a client, and stop. */
async function functionsOfSupervisor() {
  const plan = join(folder, 'plan.json')
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(bundle))
  execFileSync(binary, ['build', join(folder, 'bundle.json'), '--out', plan], { stdio: 'pipe' })
  const words = [...counting('supervisor'), 'run', plan]
  const run = spawn('valgrind', words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((end) => run.on('close', end))
  let output = ''
  run.stdout.on('data', (text) => {
    output += text
  })
  const up = async (times) => {
    const untilMs = performance.now() + patienceMs
    while (output.split('] up').length <= times) {
      if (performance.now() > untilMs) throw new Error(`not up in time:\n${output}`)
      await pause(20)
    }
  }
  await up(8)
  run.kill('SIGUSR1')
  await up(9)
  process.kill(Number(/\[d2] up (\d+)/.exec(output)[1]), 'SIGKILL')
  await up(10)
  execFileSync('valgrind', [...counting('client'), 'status'], { env, stdio: 'pipe' })
  run.kill('SIGTERM')
  await ended
  return functionsIn('supervisor')
}

function counting(name) {
  return ['-q', '--tool=callgrind', `--callgrind-out-file=${join(folder, name)}`, binary]
}

/** Without the suffixes of the compiler, such as ".part.0". */
function functionsIn(name) {
  const found = readFileSync(join(folder, name), 'utf8').matchAll(/^c?fn=\(\d+\) (\w+)/gm)
  return [...new Set(Array.from(found, ([, one]) => one))].filter(isOurs).sort()
}

/** Not a function of libc or valgrind. */
function isOurs(name) {
  ownNames ??= new Set(
    execFileSync('nm', ['--defined-only', binary], { encoding: 'utf8', maxBuffer: 2 ** 24 })
      .split('\n')
      .map((line) => line.split(' ')[2]?.split('.')[0]),
  )
  return ownNames.has(name)
}
