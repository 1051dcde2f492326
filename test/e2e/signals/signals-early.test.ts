/** The contract, Signals: a signal that arrives in the first millisecond is not lost. FAULTS 14. */
import { readFileSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plan as makePlan } from '../../core/plans.ts'
import { binary, canUnshare, compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually, leftoverProcesses, pidsOf } from '../support/processes.ts'

const modes = canUnshare ? [true, false] : [false]
const named = modes.map((asPid1) => [asPid1 ? 'PID 1' : 'a subreaper', asPid1] as const)

const long = { command: sh('exec sleep 1000') }
const yaml = { daemons: { a: long, b: long } }
/** A plan, as `pitcrew build` writes it: it is loaded without the helper, so that everything
 *  happens earlier. */
const plan = makePlan({ a: long, b: long })

/** Spins until the program has begun (its signals are blocked), and then for so many
 *  microseconds. */
function spin(pitcrew: Pitcrew, microseconds: number): number {
  const endMs = performance.now() + 5000
  let pid = 0
  while (pid === 0 && performance.now() < endMs) {
    const candidate = pitcrew.pid
    if (hasBegun(candidate)) pid = candidate
  }
  const thenMs = performance.now() + microseconds / 1000
  while (performance.now() < thenMs);
  return pid
}

function hasBegun(pid: number): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) !== binary) return false
    return !/^SigBlk:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Delays from the first instruction, dense at the start, up to when the daemons run. */
const delaysUs = Array.from({ length: 24 }, (_, index) => Math.round(index ** 2.6 * 2))

test.each(
  named.flatMap(([name, asPid1]) =>
    (['the YAML helper parses', 'a plan is loaded'] as const).map((how) => [name, how, asPid1]),
  ),
)('as %s: TERM at any moment while %s leads to a clean end', async (_, how, asPid1) => {
  const bundle = how === 'a plan is loaded' ? plan : yaml
  for (const delayUs of delaysUs) {
    await using pitcrew = new Pitcrew(bundle, { asPid1: asPid1 === true })
    process.kill(spin(pitcrew, delayUs), 'SIGTERM')
    expect(await pitcrew.exitCode(), `${delayUs} µs`).toBe(0)
    expect(pitcrew.errors).toEqual([])
    await eventually('no process is left', () => leftoverProcesses(pitcrew).length === 0)
  }
})

test.each(named)('as %s: INT and TERM at the same time lead to one clean end', async (_, is1) => {
  for (const delayUs of [0, 300, 2000, 8000]) {
    await using pitcrew = new Pitcrew(yaml, { asPid1: is1 })
    const pid = spin(pitcrew, delayUs)
    process.kill(pid, 'SIGINT')
    try {
      process.kill(pid, 'SIGTERM')
    } catch {
      // INT has already ended it.
    }
    expect(await pitcrew.exitCode()).toBe(0)
    const ends = pitcrew.lines.filter((line) => line.includes(': stopping 2 daemons'))
    expect(ends.length).toBe(pitcrew.lines.length === 0 ? 0 : 1)
  }
})

test('pitcrew blocks its signals before any other system call of its own', async () => {
  const watch = {
    program: compileFixture('traces-first-syscalls'),
    args: [binary, 'run'],
    asPid1: false,
  }
  await using watched = new Pitcrew(null, watch)
  const { code } = await watched.ended
  expect([0, 77]).toContain(code) // 77: tracing is not permitted.
  expect(watched.lines).toEqual(code === 0 ? ['blocked first'] : [])
})

/** The command that executes pitcrew with this signal pending. */
const withPending = (signal: string): string[] => [
  'perl',
  '-e',
  `use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIG${signal})); kill ${signal} => $$; exec @ARGV`,
]

test.each(named)(
  'as %s: TERM before the first instruction leads to a clean end',
  async (_, asPid1) => {
    for (const bundle of [plan, yaml]) {
      await using pitcrew = new Pitcrew(bundle, { asPid1, wrap: withPending('TERM') })
      expect(await pitcrew.exitCode()).toBe(0)
      expect(pitcrew.lines.join('\n')).not.toContain('started')
    }
  },
)

test.each(named)(
  'as %s: USR1 before the first daemon is up is handled, and starts no daemon twice',
  async (_, asPid1) => {
    for (const bundle of [plan, yaml]) {
      const mapped = { ...bundle, signals: { USR1: { forward: [], restart: ['b'], reload: [] } } }
      await using pitcrew = new Pitcrew(mapped, { asPid1, wrap: withPending('USR1') })
      await pitcrew.line('b: restart (USR1): done')
      await pitcrew.line('b: started')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
      expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
    }
  },
)

test('HUP before the first daemon is up is logged as not forwarded', async () => {
  const mapped = { ...yaml, signals: { HUP: { forward: ['b'] } } }
  await using pitcrew = new Pitcrew(mapped, { wrap: withPending('HUP') })
  await pitcrew.line('b: HUP not forwarded: it is not running')
})

test('TERM while two hundred daemons are being started starts no more of them', async () => {
  const daemons = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`d${n}`, long]))
  await using pitcrew = new Pitcrew({ daemons }, { asPid1: false })
  await pitcrew.line('d3: started')
  pitcrew.signal('SIGUSR2')
  pitcrew.signal('SIGTERM')
  pitcrew.signal('SIGINT')
  expect(await pitcrew.exitCode()).toBe(0)
  const end = pitcrew.lines.findIndex((line) => line.includes('TERM: stopping'))
  expect(end).toBeGreaterThan(0)
  // The current batch was spawned before the shutdown began, and is logged afterwards.
  const after = pitcrew.lines.slice(end).filter((line) => line.includes(': started'))
  expect(after.length).toBeLessThanOrEqual(8)
  expect(leftoverProcesses(pitcrew)).toEqual([])
})
