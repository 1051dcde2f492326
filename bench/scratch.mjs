/** The folder of this run alone, so that two of them, or a build meanwhile, do not disturb each
 *  other: programs, and what each life needs. */
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

/** The path of a program of this run: floor, stopwatch, a daemon's name, a copy of a pitcrew. */
export function program(name) {
  return join(scratch, name)
}

/** What was just written counts as changed memory of whoever runs it until the disk has it. */
export function syncPrograms() {
  for (const name of readdirSync(scratch)) {
    const fd = openSync(join(scratch, name), 'r')
    fsyncSync(fd)
    closeSync(fd)
  }
}

export function makeLifeFolder() {
  return mkdtempSync(join(scratch, 'life-'))
}

/** Results are read elsewhere, where this machine's paths say nothing. */
export function withoutPaths(text) {
  return text.replaceAll(scratch, '').replaceAll(join(import.meta.dirname, '..'), '.')
}
