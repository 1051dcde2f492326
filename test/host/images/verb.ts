/** The real binary with verb-entry.ts instead of the client verbs: a test says what to call, and reads the answers. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { isSanitized } from '../../e2e/support/cost.ts'
import { root } from '../../e2e/support/pitcrew.ts'
import { Program } from '../../e2e/support/program.ts'
import type { Call } from './verb-entry.ts'

export const verbProgram: string = join(root, `build/pitcrew-verb${isSanitized ? '-sanitize' : ''}`)
const env = { PATH: process.env.PATH, ASAN_OPTIONS: 'detect_leaks=0' }

/** Test files that run at the same time wait for each other here. */
export function buildVerb(): void {
  const build = join(root, 'scripts/build.mjs')
  const words = [build, '--cli', 'test/host/images/verb-entry.ts', '--out', verbProgram]
  const all = [build, process.execPath, ...words, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', all, { cwd: root, stdio: 'pipe' })
}

/** Runs a command to its end. */
export async function ran(words: readonly string[]): Promise<Program> {
  const program = new Program(words, { env })
  await program.end()
  return program
}

/** Exit status, then what it said. */
export async function played(...words: readonly string[]): Promise<unknown[]> {
  const verb = await ran([verbProgram, ...words])
  const { code, signal } = await verb.end()
  return [code ?? signal, ...verb.lines, ...verb.errors]
}

/** What each call of the host answered. */
export async function answers(...calls: readonly Call[]): Promise<unknown[]> {
  const verb = await ran([verbProgram, 'calls', JSON.stringify(calls)])
  if (verb.errors.length > 0) throw new Error(verb.transcript())
  const lines = verb.lines.map((line) => Buffer.from(line, 'latin1').toString())
  return lines.map((line) => (line === '' ? undefined : JSON.parse(line)))
}
