// @ts-check
/** The life of a daemon: what signals mean to it, what it says, and who its parent is.
 *
 *  The first statements install the signal handlers, before anything else of a daemon runs: as long
 *  as a program has none for USR1, Node answers that signal by opening its debugger. */
import { readFileSync } from 'node:fs'

/** @type {() => void} */
let end = () => process.exit(0)
let readAgain = () => say('HUP: there is nothing to read again here')
process.on('SIGTERM', () => end())
process.on('SIGINT', () => end())
process.on('SIGHUP', () => readAgain())
process.on('SIGUSR1', () => say('USR1 is meant for pitcrew, not for me: nothing done'))

/** @param {() => void} act What TERM and INT do from now on. */
export function onEnd(act) {
  end = act
}

/** @param {() => void} act What HUP does from now on. */
export function onHangup(act) {
  readAgain = act
}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** Says what could not be done, and ends.
 *  @param {string} line @returns {never} */
export function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

/** @param {unknown} error */
export function reason(error) {
  return error instanceof Error ? error.message : String(error)
}

/** The pid of pitcrew, or null when a daemon was started by hand: its parent may then be a shell,
 *  and a line like "kill -HUP <parent>" would be bad advice. */
export function pitcrewPid() {
  try {
    const parent = readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim()
    return parent === 'pitcrew' ? process.ppid : null
  } catch {
    return null
  }
}
