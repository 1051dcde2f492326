/** The contract, "Output": stdout is full and nobody reads it. The daemons wait; pitcrew does not (FAULTS 15). */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Channel, type Kind } from '../support/channel.ts'
import { isSanitized, isSpinning, residentKib, stdioFlags, wakeUps } from '../support/cost.ts'
import { sh } from '../support/pitcrew.ts'
import { descriptorsOf, eventually, processesUnder } from '../support/processes.ts'

const kinds: Kind[] = ['pipe', 'socket', 'raw']
const nonBlocking = 0o4000
/** Of pipes whose runs are over, while stdout is full: see native/output/pump.c. */
const keptPipesMax = 64

/** Says on disk how often it was started: nobody hears it on stdout. */
const counted = sh('echo >> "$PITCREW_STATE_DIR/runs"; exec yes counted')

function runs({ folder }: Channel): number {
  const path = join(folder, 'runs')
  return existsSync(path) ? readFileSync(path, 'latin1').length : 0
}

function flooding(daemons: number): object {
  const flood = Array.from({ length: daemons }, (_, index) => [`d${index}`, { command: ['yes'] }])
  return {
    signals: { USR1: { restart: ['counted'] } },
    daemons: { ...Object.fromEntries(flood), counted: { command: counted } },
  }
}

test.each(kinds)(
  'a full %s: restarts go on, a shutdown keeps its deadline, losses are counted',
  async (kind) => {
    await using pitcrew = new Channel(`${kind},paused`, flooding(8), {
      env: { PITCREW_DEADLINE: '1s' },
    })
    await pitcrew.untilFull()
    for (const run of [1, 2, 3]) {
      await eventually(`run ${run}`, () => runs(pitcrew) === run)
      pitcrew.signal('SIGUSR1')
    }
    await eventually('run 4', () => runs(pitcrew) === 4)
    expect(stdioFlags(pitcrew).map((flags) => flags & nonBlocking)).toEqual([0, 0, 0])
    pitcrew.signal('SIGTERM')
    // Not 70, which is what the host says when the deadline is over by a second.
    expect(await pitcrew.exitCode()).toBe(0)
    const [lost] = pitcrew.errors.filter((line) => line.startsWith('pitcrew: '))
    expect(lost).toMatch(/^pitcrew: \d{5,} bytes of output \(\d+ lines\) could not be printed$/)
  },
)

test('a full stdout: daemons wait in their writes, and pitcrew neither spins nor grows', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(8))
  await pitcrew.untilFull()
  const asleep = (): boolean => processesUnder(pitcrew).every(({ state }) => state === 'S')
  await eventually('all wait', () => processesUnder(pitcrew).length === 9 && asleep())
  expect(await isSpinning(pitcrew)).toBe(false)
  expect(await wakeUps(pitcrew)).toBe(0)
  expect(asleep()).toBe(true)
  if (!isSanitized) expect(residentKib(pitcrew)).toBeLessThan(8 * 1024)
})

test('a full stdout: many restarts do not pile up descriptors', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(2))
  await pitcrew.untilFull()
  await eventually('run 1', () => runs(pitcrew) === 1)
  const before = descriptorsOf(pitcrew).length
  for (let run = 2; run <= 100; run++) {
    pitcrew.signal('SIGUSR1')
    await eventually(`run ${run}`, () => runs(pitcrew) === run)
  }
  await eventually('what was left by old runs is bounded', () => {
    return descriptorsOf(pitcrew).length <= before + keptPipesMax + 1
  })
})

test('when the reader comes back, all goes on at once: nothing waits for the next line', async () => {
  // More than stdout and the buffer hold, since the prefix makes it grow; and then silence.
  const text = '"$PITCREW_STATE_DIR/text"'
  const script = `(head -c 60000 /dev/zero | tr '\\0' '\\n'; echo last) > ${text}; cat ${text}; exec sleep 1000`
  const name = 'a-name-that-makes-much-of-little'
  await using pitcrew = new Channel('pipe,paused', { daemons: { [name]: { command: sh(script) } } })
  await pitcrew.untilFull()
  pitcrew.send('resume')
  await pitcrew.line(`[${name}] last`)
  expect(pitcrew.lines.filter((line) => line === `[${name}] `)).toHaveLength(60_000)
})

test('pitcrew has room of its own: what it says in a stall is read when the reader is back', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(2))
  await pitcrew.untilFull()
  await eventually('run 1', () => runs(pitcrew) === 1)
  pitcrew.signal('SIGUSR1')
  await eventually('run 2', () => runs(pitcrew) === 2)
  pitcrew.send('resume')
  await pitcrew.line('counted: restart (USR1): done')
})
