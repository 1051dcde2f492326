/** A private Docker engine for the container tests (test/container). It has no network, pulls
 *  nothing and leaves nothing behind when it stops. It needs root and Debian's package docker.io.
 *
 *  usage: node scripts/docker.mjs run COMMAND [ARG ...]   start, run with DOCKER_HOST set, stop
 *         node scripts/docker.mjs start | stop            an engine for this clone, for use by hand
 *
 *  `run` starts an engine for its command alone, so that several may run at once, and exits with
 *  the status of the command. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runInForeground } from './run-in-foreground.mjs'

/** Limits for the start and the stop of the engine, which first stops its containers. */
const readyMs = 60_000
const endMs = 60_000
const pollMs = 50
const logLinesShown = 15

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stem = join(tmpdir(), 'pitcrew-docker-')
const [verb, ...words] = process.argv.slice(2)

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function main() {
  if (verb === 'run' && words.length > 0) return await runWithEngine(words)
  // Not under build/, because the path of a socket is limited to 107 bytes.
  const ofThisClone = stem + createHash('sha256').update(root).digest('hex').slice(0, 8)
  if (verb === 'start' && words.length === 0) {
    mkdirSync(ofThisClone, { mode: 0o700, recursive: true })
    await start(ofThisClone)
    process.stdout.write(`export DOCKER_HOST=${address(ofThisClone)}\n`)
    return 0
  }
  if (verb === 'stop' && words.length === 0) {
    await stop(ofThisClone)
    return 0
  }
  throw new Error('usage: node scripts/docker.mjs run COMMAND [ARG ...] | start | stop')
}

async function runWithEngine([command, ...args]) {
  const folder = mkdtempSync(stem)
  let isInterrupted = false
  // Signals that end the command must not end this process, which still has to stop the engine.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      isInterrupted = true
    })
  }
  try {
    await start(folder)
    if (isInterrupted) return 1
    return await runInForeground(command, args, { ...process.env, DOCKER_HOST: address(folder) })
  } finally {
    await stop(folder)
  }
}

async function start(folder) {
  if (await answers(folder)) return
  checkPrerequisites()
  const log = openSync(join(folder, 'log'), 'w')
  const engine = spawn('dockerd', engineArguments(folder), {
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  engine.unref()
  const endsAtMs = performance.now() + readyMs
  while (!(await answers(folder))) {
    const isOver = engine.exitCode !== null || engine.signalCode !== null
    if (!isOver && performance.now() < endsAtMs) {
      await pause(pollMs)
      continue
    }
    const why = isOver ? 'it ended' : `no answer after ${readyMs / 1000} s`
    const output = readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n')
    if (!isOver) process.kill(engine.pid, 'SIGTERM')
    const lines = output.slice(-logLinesShown).join('\n')
    throw new Error(`cannot start dockerd: ${why}; the last lines of ${folder}/log:\n${lines}`)
  }
}

function checkPrerequisites() {
  if (process.getuid() !== 0) {
    throw new Error(
      `cannot start dockerd as uid ${process.getuid()}: it needs root; ` +
        'or set DOCKER_HOST to an engine that runs',
    )
  }
  if (spawnSync('dockerd', ['--version']).error !== undefined) {
    throw new Error(
      'cannot start dockerd: it is not in PATH; install it ' +
        '(Debian: apt-get install --no-install-recommends docker.io)',
    )
  }
}

/** Without a bridge and firewall rules, which would change this machine. */
function engineArguments(folder) {
  return [
    '--iptables=false',
    '--ip6tables=false',
    '--bridge=none',
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=${address(folder)}`,
  ]
}

function address(folder) {
  return `unix://${folder}/docker.sock`
}

function answers(folder) {
  return new Promise((resolve) => {
    const ping = request({ socketPath: `${folder}/docker.sock`, path: '/_ping', agent: false })
    ping.on('response', (answer) => resolve(answer.resume().statusCode === 200))
    ping.on('error', () => resolve(false))
    ping.end()
  })
}

/** Stops the engine by its pidfile, waits for its end, and unmounts its folders. */
async function stop(folder) {
  const pidFile = join(folder, 'pid')
  if (existsSync(pidFile)) {
    const pid = Number(readFileSync(pidFile, 'utf8'))
    if (isEngine(pid, folder)) process.kill(pid, 'SIGTERM')
    const endsAtMs = performance.now() + endMs
    while (isEngine(pid, folder)) {
      if (performance.now() > endsAtMs) {
        throw new Error(`cannot stop dockerd, pid ${pid}: still there after ${endMs / 1000} s`)
      }
      await pause(pollMs)
    }
  }
  for (const mount of mountsUnder(folder)) spawnSync('umount', [mount])
  rmSync(folder, { recursive: true, force: true })
}

/** Guards against a reused pid in a stale pidfile. A zombie has an empty command line. */
function isEngine(pid, folder) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--pidfile=${folder}/pid`)
  } catch {
    return false
  }
}

/** Innermost first. */
function mountsUnder(folder) {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const mounts = lines.flatMap((line) => line.split(' ')[1] ?? [])
  return mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()
}
