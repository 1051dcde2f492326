/** The real binary with disk-entry.ts instead of the program `@files`: a test says what to call, and reads the answers. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { isSanitized } from '../../e2e/support/cost.ts'
import { root } from '../../e2e/support/pitcrew.ts'
import type { DiskCall } from './disk-entry.ts'

const diskProgram: string = join(root, `build/pitcrew-disk${isSanitized ? '-sanitize' : ''}`)
const env = { PATH: process.env.PATH, ASAN_OPTIONS: 'detect_leaks=0' }

/** Test files that run at the same time wait for each other here. */
export function buildDisk(): void {
  const build = join(root, 'scripts/build.mjs')
  const words = [build, '--files', 'test/host/images/disk-entry.ts', '--out', diskProgram]
  const all = [build, process.execPath, ...words, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', all, { cwd: root, stdio: 'pipe' })
}

/** What each call answered. @param before A command that executes the rest of its arguments. */
export function answersOf(
  calls: readonly DiskCall[],
  { input, before = [] }: { input?: string | Buffer; before?: readonly string[] } = {},
): unknown[] {
  const words = [...before, diskProgram, '@files', JSON.stringify(calls)]
  const { status, stdout, stderr } = spawnSync(words[0] as string, words.slice(1), {
    env,
    input: input ?? '',
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (status !== 0 || stderr !== '') throw new Error(`status ${status}: ${stderr}`)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
