/** The binding under AddressSanitizer and UndefinedBehaviorSanitizer: whatever JavaScript gives to a function of the
 *  host, the answer is a value or an exception. FUZZ_SECONDS makes it longer. */
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
  'no call of a host function with any arguments breaks it',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-fuzz-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const endAt = performance.now() + seconds * 1000
    for (let seed = firstSeed; performance.now() < endAt; seed++) {
      const unshared = ['--pid', '--fork', '--mount-proc', '--kill-child', program]
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        [...unshared, 'run', String(seed), '3000', folder],
        {
          // A path that it makes up may be a relative one.
          cwd: folder,
          env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
          encoding: 'utf8',
          timeout: 60_000,
          maxBuffer: 64 * 1024 * 1024,
        },
      )
      // What does not fit into the output is counted on stderr; everything else there is a finding.
      const said = stderr.replace(/^pitcrew: (\d+ bytes of output|cannot write) .*\n/gm, '')
      expect({ seed, status, said: said.slice(0, 2000) }).toEqual({ seed, status: 0, said: '' })
      expect(stdout).toMatch(/called .*closeOutput .* forgetHelper .* helper .* spawn /)
    }
  },
  seconds * 1000 + 60_000,
)
