/** The contract, Output: when stdout is full and has no reader, the daemons wait and pitcrew
 *  does not. FAULTS 15. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Channel, type Kind } from '../support/channel.ts'
import { isSanitized, isSpinning, residentKib, stdioFlags, wakeUps } from '../support/cost.ts'
import { sh } from '../support/pitcrew.ts'
import { descriptorsOf, eventually, processesUnder } from '../support/processes.ts'

const kinds: Kind[] = ['pipe', 'socket', 'raw']
const nonBlocking = 0o4000
/** Pipes of runs that are over, kept while stdout is full: see native/output/pump.c. */
const keptPipesMax = 64

/** Counts its starts in a file, since stdout is not read. */
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
  'with a full %s as stdout restarts work, a shutdown keeps its deadline, and losses are counted',
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
    // Not 70, the status of the shutdown watchdog.
    expect(await pitcrew.exitCode()).toBe(0)
    const [lost] = pitcrew.errors.filter((line) => line.startsWith('pitcrew: '))
    expect(lost).toMatch(/^pitcrew: \d{5,} bytes of output \(\d+ lines\) could not be printed$/)
  },
)

test('with a full stdout the daemons block in their writes, and pitcrew neither spins nor grows', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(8))
  await pitcrew.untilFull()
  const asleep = (): boolean => processesUnder(pitcrew).every(({ state }) => state === 'S')
  await eventually('all block', () => processesUnder(pitcrew).length === 9 && asleep())
  expect(await isSpinning(pitcrew)).toBe(false)
  expect(await wakeUps(pitcrew)).toBe(0)
  expect(asleep()).toBe(true)
  if (!isSanitized) expect(residentKib(pitcrew)).toBeLessThan(8 * 1024)
})

test('with a full stdout many restarts do not accumulate descriptors', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(2))
  await pitcrew.untilFull()
  await eventually('run 1', () => runs(pitcrew) === 1)
  const before = descriptorsOf(pitcrew).length
  for (let run = 2; run <= 100; run++) {
    pitcrew.signal('SIGUSR1')
    await eventually(`run ${run}`, () => runs(pitcrew) === run)
  }
  await eventually('the kept pipes are bounded', () => {
    return descriptorsOf(pitcrew).length <= before + keptPipesMax + 1
  })
})

test('when the reader resumes, all buffered output is written without waiting for another line', async () => {
  // The prefixes make the output larger than stdout and the buffer hold; then the daemon is silent.
  const text = '"$PITCREW_STATE_DIR/text"'
  const script = `(head -c 60000 /dev/zero | tr '\\0' '\\n'; echo last) > ${text}; cat ${text}; exec sleep 1000`
  const name = 'a-long-name-makes-a-long-prefix'
  await using pitcrew = new Channel('pipe,paused', { daemons: { [name]: { command: sh(script) } } })
  await pitcrew.untilFull()
  pitcrew.send('resume')
  await pitcrew.line(`[${name}] last`)
  expect(pitcrew.lines.filter((line) => line === `[${name}] `)).toHaveLength(60_000)
})

test('what pitcrew logs during a stall is printed when the reader resumes', async () => {
  await using pitcrew = new Channel('pipe,paused', flooding(2))
  await pitcrew.untilFull()
  await eventually('run 1', () => runs(pitcrew) === 1)
  pitcrew.signal('SIGUSR1')
  await eventually('run 2', () => runs(pitcrew) === 2)
  pitcrew.send('resume')
  await pitcrew.line('counted: restart (USR1): done')
})
