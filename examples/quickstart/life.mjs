// @ts-check
/** What all daemons share: signal handlers, messages, and the pid of pitcrew.
 *
 *  The first statements install the signal handlers, before any other code of a daemon runs,
 *  because Node opens its debugger on USR1 until a handler is installed. */
import { readFileSync } from 'node:fs'

/** @type {() => void} */
let end = () => process.exit(0)
let readAgain = () => say('HUP: this daemon has nothing to reload')
process.on('SIGTERM', () => end())
process.on('SIGINT', () => end())
process.on('SIGHUP', () => readAgain())
process.on('SIGUSR1', () => say('USR1 is meant for pitcrew: ignored'))

/** @param {() => void} act The new handler of TERM and INT. */
export function onEnd(act) {
  end = act
}

/** @param {() => void} act The new handler of HUP. */
export function onHangup(act) {
  readAgain = act
}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`)
}

/** Prints an error and exits with 1.
 *  @param {string} line @returns {never} */
export function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

/** @param {unknown} error */
export function reason(error) {
  return error instanceof Error ? error.message : String(error)
}

/** The pid of pitcrew; null if the daemon was started by hand. Its parent is then a shell, which
 *  must not get the signals that messages advise to send. */
export function pitcrewPid() {
  try {
    const parent = readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim()
    return parent === 'pitcrew' ? process.ppid : null
  } catch {
    return null
  }
}
