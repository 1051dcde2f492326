/** The folder of this run of the benchmark, with its programs and the folders of supervisors.
 *  Concurrent runs and builds do not affect each other. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const scratch = join(tmpdir(), `pitcrew-bench-${randomBytes(4).toString('hex')}`)

export function makeScratch() {
  mkdirSync(scratch, { recursive: true })
}

export function removeScratch() {
  rmSync(scratch, { recursive: true, force: true })
}

/** The path of a program of this run: floor, stopwatch, a daemon, or a copy of pitcrew. */
export function program(name) {
  return join(scratch, name)
}

/** Writes the programs to disk: pages that are not yet written count as dirty memory of their
 *  processes. */
export function syncPrograms() {
  for (const name of readdirSync(scratch)) {
    const fd = openSync(join(scratch, name), 'r')
    fsyncSync(fd)
    closeSync(fd)
  }
}

export function makeRunFolder() {
  return mkdtempSync(join(scratch, 'run-'))
}

/** Removes paths of this machine from a message. */
export function withoutPaths(text) {
  return text.replaceAll(scratch, '').replaceAll(join(import.meta.dirname, '..'), '.')
}
