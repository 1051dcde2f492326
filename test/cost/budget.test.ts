/** Budgets for figures that do not vary between runs: instructions of the policy, system calls, and
 *  bytes of the binary. The benchmark measures times. A change must not exceed a budget unnoticed;
 *  when a figure falls well below its budget, the budget is lowered.
 *
 *  Needs valgrind and strace; without them the tests are skipped with a warning, and fail in CI. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { socketPath } from '../e2e/support/control-client.ts'
import { filePagesKib, isSanitized } from '../e2e/support/cost.ts'
import { binary, Pitcrew, root, sh } from '../e2e/support/pitcrew.ts'

const isRequired = process.env.PITCREW_REQUIRE_REAL === '1'

function isInstalled(program: string): boolean {
  if (spawnSync(program, ['--version']).status === 0) return true
  if (isRequired) throw new Error(`cannot count without ${program}: install it`)
  console.warn(`${program} is not installed: the tests that need it are skipped`)
  return false
}

/** Instructions of the policy, in the real engine: see policy-entry.ts. */
describe.skipIf(isSanitized || !isInstalled('valgrind'))('instructions', () => {
  const counter = join(root, 'build/pitcrew-cost')
  const entry = 'test/cost/policy-entry.ts'
  execFileSync('node', [join(root, 'scripts/build.mjs'), '--init', entry, '--out', counter])

  /** Counts from the start of a command to its exit. */
  function instructionsOf(...command: readonly string[]): number {
    const words = ['--tool=callgrind', '--callgrind-out-file=/dev/null', ...command]
    const { stderr } = spawnSync('valgrind', words, { encoding: 'utf8' })
    return Number(/Collected : (\d+)/.exec(stderr)?.[1])
  }

  /** See policy-entry.ts. */
  function instructions(daemons: number, work: string, times = 0): number {
    return instructionsOf(counter, 'run', String(daemons), work, String(times))
  }

  /** Counts one of many equal works. */
  function instructionsOfOne(work: string): number {
    return (instructions(1, work, 150) - instructions(1, work, 50)) / 100
  }

  test('to start the engine and the policy', () => {
    expect(instructions(0, 'stop')).toBeLessThan(5_270_000)
  })

  test.each([
    ['status --json', 2_920_000],
    ['restart web', 3_375_000],
  ])('of a client verb as a process: %s', async (verb, most) => {
    const daemons = { web: { command: ['sleep', '1000'] } }
    await using pitcrew = new Pitcrew({ daemons }, { asPid1: false })
    await pitcrew.line(/web: started/)
    const count = instructionsOf(binary, ...verb.split(' '), '--socket', socketPath(pitcrew))
    expect(count).toBeGreaterThan(600_000) // Otherwise nothing was counted.
    expect(count).toBeLessThan(most)
  })

  test('to parse a bundle, for each daemon and in all', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-parse-'))
    const parse = (count: number): number => {
      const file = join(folder, 'bundle.yaml')
      const lines = Array.from({ length: count }, (_, n) => `  d${n}: { command: [sleep, "1000"] }`)
      writeFileSync(file, `daemons:\n${lines.join('\n')}\n`)
      return instructionsOf(binary, '@plan', file)
    }
    const [few, more] = [parse(10), parse(30)]
    const each = (more - few) / 20
    rmSync(folder, { recursive: true })
    expect(each).toBeGreaterThan(100_000) // Otherwise nothing was counted.
    expect(each).toBeLessThan(1_730_000)
    expect(few - 10 * each).toBeLessThan(6_980_000)
  })

  test('to boot and stop a daemon, independent of the number of daemons', () => {
    const [few, more, many] = [50, 150, 650].map((daemons) => instructions(daemons, 'stop'))
    const each = ((more as number) - (few as number)) / 100
    expect(each).toBeGreaterThan(100_000) // Otherwise nothing was counted.
    expect(each).toBeLessThan(527_000)
    expect(((many as number) - (more as number)) / 500).toBeLessThan(each * 1.1)
  })

  test('to restart a daemon by a signal', () => {
    const each = instructionsOfOne('restart')
    expect(each).toBeGreaterThan(100_000)
    expect(each).toBeLessThan(674_000)
  })

  test('for an event that changes nothing', () => {
    const each = instructionsOfOne('nothing')
    expect(each).toBeGreaterThan(5000)
    expect(each).toBeLessThan(43_000)
  })
})

/** System calls of pitcrew itself, without those of its children. */
describe.skipIf(isSanitized || !isInstalled('strace'))('system calls', () => {
  const daemon = { command: sh('echo up; exec sleep 1000') }

  async function callsOf(daemons: number, restarts: number): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-calls-'))
    const file = join(folder, 'calls')
    const bundle = {
      signals: { USR1: { restart: ['d0'] } },
      daemons: Object.fromEntries(Array.from({ length: daemons }, (_, n) => [`d${n}`, daemon])),
    }
    const via = ['strace', '-c', '-U', 'calls,name', '-o', file]
    await using pitcrew = new Pitcrew(bundle, { asPid1: false, via })
    await pitcrew.linesWith('] up', daemons)
    for (let run = 2; run <= restarts + 1; run++) {
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[d0] up', run)
    }
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    const total = / *(\d+) total/.exec(readFileSync(file, 'utf8'))?.[1]
    rmSync(folder, { recursive: true })
    return Number(total)
  }

  test('to boot and stop a daemon', async () => {
    const each = ((await callsOf(60, 0)) - (await callsOf(10, 0))) / 50
    expect(each).toBeGreaterThan(10) // Otherwise nothing was counted.
    expect(each).toBeLessThan(26)
  })

  test('to restart a daemon', async () => {
    const each = ((await callsOf(1, 25)) - (await callsOf(1, 5))) / 20
    expect(each).toBeGreaterThan(10)
    expect(each).toBeLessThan(41)
  })
})

test.skipIf(isSanitized || !isInstalled('strace'))(
  'one child writes all files at the end',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-calls-'))
    const file = join(folder, 'calls')
    const via = ['strace', '-o', file, '-e', 'trace=clone,fork,kill']
    const daemons = { one: { command: sh('echo up; exec sleep 1000') } }
    await using pitcrew = new Pitcrew({ daemons }, { asPid1: false, via })
    await pitcrew.line('[one] up')
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    const calls = readFileSync(file, 'utf8').split('\n')
    const atStop = calls.slice(calls.findIndex((call) => call.includes('SIGTERM')))
    rmSync(folder, { recursive: true })
    expect(atStop.length).toBeGreaterThan(1)
    expect(atStop.filter((call) => /^(clone|fork)\(/.test(call))).toHaveLength(1)
  },
)

/** Code and constant data: hot functions lie side by side, and bytecode leaves the memory when it
 *  was loaded. */
test.skipIf(isSanitized)('memory for pages of the binary', async () => {
  await using pitcrew = new Pitcrew({ daemons: { one: { command: sh('echo up; sleep 1000') } } })
  await pitcrew.line('[one] up')
  const kib = filePagesKib(pitcrew)
  expect(kib).toBeGreaterThan(400)
  expect(kib).toBeLessThan(1_400)
})

test.skipIf(isSanitized)('bytes of the binary', () => {
  expect(statSync(binary).size).toBeLessThan(2_330_000)
})
