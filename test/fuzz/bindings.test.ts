/** Fuzzes the binding under AddressSanitizer and UndefinedBehaviorSanitizer: a function of the
 *  host answers any arguments with a value or an exception. FUZZ_SECONDS sets the duration. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const program = join(root, 'build/pitcrew-fuzz-bindings')
const seconds = Number(process.env.FUZZ_SECONDS ?? 3)
const firstSeed = Number(process.env.FUZZ_SEED ?? 1)

beforeAll(() => {
  const entry = 'test/fuzz/bindings-entry.ts'
  const words = ['scripts/build.mjs', '--sanitize', '--init', entry, '--out', program]
  execFileSync(process.execPath, words, { cwd: root, stdio: 'pipe' })
}, 300_000)

test(
  'host functions handle any arguments',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-fuzz-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const endAt = performance.now() + seconds * 1000
    for (let seed = firstSeed; performance.now() < endAt; seed++) {
      const unshared = ['--pid', '--fork', '--mount-proc', '--kill-child', program]
      const { status, stdout, stderr, error } = spawnSync(
        'unshare',
        [...unshared, 'run', String(seed), '3000', folder],
        {
          // A generated path may be relative.
          cwd: folder,
          env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
          encoding: 'utf8',
          timeout: 60_000,
          maxBuffer: 64 * 1024 * 1024,
        },
      )
      // Lost output is reported on stderr; anything else there is a finding. An error is a timeout.
      const findings =
        error?.message ?? stderr.replace(/^pitcrew: (\d+ bytes of output|cannot write) .*\n/gm, '')
      const found = { seed, status, findings: findings.slice(0, 2000) }
      expect(found).toEqual({ seed, status: 0, findings: '' })
      expect(stdout).toMatch(/called .*cancelHelper .*closeOutput .* spawn .*startHelper /)
    }
  },
  seconds * 1000 + 60_000,
)
