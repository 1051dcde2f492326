/** What a daemon costs, in figures that noise cannot move: instructions of the policy, system calls,
 *  bytes. Times are the benchmark's. A figure that grows past its budget here was paid for without
 *  having been looked at; one that falls well below makes a new budget.
 *
 *  valgrind and strace count; where they are missing that is said, and in CI it is a failure. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSanitized } from '../e2e/support/cost.ts'
import { binary, Pitcrew, root, sh } from '../e2e/support/pitcrew.ts'

const isRequired = process.env.PITCREW_REQUIRE_REAL === '1'

function isThere(program: string): boolean {
  if (spawnSync(program, ['--version']).status === 0) return true
  if (isRequired) throw new Error(`cannot count without ${program}: install it`)
  console.warn(`${program} is not here: what it counts is not checked`)
  return false
}

/** Instructions of the policy alone, in the real engine: see policy-entry.ts. */
describe.skipIf(isSanitized || !isThere('valgrind'))('instructions', () => {
  const counter = join(root, 'build/pitcrew-cost')
  const entry = 'test/cost/policy-entry.ts'
  execFileSync('node', [join(root, 'scripts/build.mjs'), '--init', entry, '--out', counter])

  /** From its start to its end. */
  function instructionsOf(...command: readonly string[]): number {
    const words = ['--tool=callgrind', '--callgrind-out-file=/dev/null', ...command]
    const { stderr } = spawnSync('valgrind', words, { encoding: 'utf8' })
    return Number(/Collected : (\d+)/.exec(stderr)?.[1])
  }

  /** With so many daemons in between. */
  function instructions(daemons: number): number {
    return instructionsOf(counter, 'run', String(daemons))
  }

  test('of the start of the engine and the policy', () => {
    expect(instructions(0)).toBeLessThan(5_600_000)
  })

  test('of the start of a client verb, which parses no bundle', () => {
    const verb = instructionsOf(binary, '--version')
    expect(verb).toBeGreaterThan(600_000) // Or nothing was counted.
    expect(verb).toBeLessThan(3_350_000)
  })

  test('of the boot and the stop of a daemon, however many there are', () => {
    const [few, more, many] = [instructions(50), instructions(150), instructions(650)]
    const each = (more - few) / 100
    expect(each).toBeGreaterThan(100_000) // Or nothing was counted.
    expect(each).toBeLessThan(822_000)
    expect((many - more) / 500).toBeLessThan(each * 1.1)
  })
})

/** By pitcrew itself: its children are not followed. */
describe.skipIf(isSanitized || !isThere('strace'))('system calls', () => {
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

  test('of the boot and the stop of a daemon', async () => {
    const each = ((await callsOf(60, 0)) - (await callsOf(10, 0))) / 50
    expect(each).toBeGreaterThan(10) // Or nothing was counted.
    expect(each).toBeLessThan(26)
  })

  test('of a restart', async () => {
    const each = ((await callsOf(1, 25)) - (await callsOf(1, 5))) / 20
    expect(each).toBeGreaterThan(10)
    expect(each).toBeLessThan(41)
  })
})

test.skipIf(isSanitized)('bytes of the binary', () => {
  expect(statSync(binary).size).toBeLessThan(2_280_000)
})
