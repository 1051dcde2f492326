/** The contract, Output: when stdout is gone, or was never open, pitcrew keeps draining, and
 *  neither ends nor spins. */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Channel } from '../support/channel.ts'
import { isSpinning, wakeUps } from '../support/cost.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually, processesUnder } from '../support/processes.ts'

/** Once the file "go" exists, the daemon writes far more than any pipe holds; if that succeeds,
 *  it becomes a `sleep`. */
const drained = sh(`echo up; until test -e "$PITCREW_STATE_DIR/go"; do sleep 0.01; done
  seq 200000 || exit 3; exec sleep 1000`)

async function expectDrained(pitcrew: Pitcrew): Promise<void> {
  writeFileSync(join(pitcrew.folder, 'go'), '')
  await eventually('all of its output is read', () => {
    const names = processesUnder(pitcrew).map(({ name }) => name)
    return names.length === 1 && names[0] === 'sleep'
  })
  expect(await isSpinning(pitcrew)).toBe(false)
}

async function expectEndWithLossCounted(pitcrew: Pitcrew): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const lost = /(\d+) bytes of output \((\d+) lines\) could not be printed/
  const [, , lines] = lost.exec(pitcrew.errors.join('\n')) ?? []
  expect(Number(lines)).toBeGreaterThan(150_000)
}

test.each(['pipe', 'socket'] as const)(
  'daemons run on when the reader of a %s is gone',
  async (kind) => {
    await using pitcrew = new Channel(kind, { daemons: { a: { command: drained } } })
    await pitcrew.line('[a] up')
    await pitcrew.close()
    await expectDrained(pitcrew)
    await expectEndWithLossCounted(pitcrew)
  },
)

test.each(['pipe', 'socket'] as const)(
  'daemons continue when the reader of a full %s goes away',
  async (kind) => {
    await using pitcrew = new Channel(`${kind},paused`, { daemons: { a: { command: drained } } })
    writeFileSync(join(pitcrew.folder, 'go'), '')
    await pitcrew.untilFull()
    await pitcrew.close()
    await expectDrained(pitcrew)
    await expectEndWithLossCounted(pitcrew)
  },
)

test('with a full disk pitcrew neither ends nor spins, and counts the lost bytes', async () => {
  const full = openSync('/dev/full', 'w')
  await using pitcrew = new Pitcrew({ daemons: { a: { command: drained } } }, { stdout: full })
  closeSync(full)
  await expectDrained(pitcrew)
  await expectEndWithLossCounted(pitcrew)
})

test.each(['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])(
  'started with %s, pitcrew behaves as with /dev/null',
  async (closed) => {
    const script = ': > "$PITCREW_STATE_DIR/up"; seq 20000; cat || exit 4; exit 3'
    await using pitcrew = new Pitcrew(
      { daemons: { a: { command: sh(script), restart: 'never' } } },
      { wrap: ['/bin/sh', '-c', `exec "$@" ${closed}`, 'sh'] },
    )
    expect(await pitcrew.exitCode()).toBe(3)
    expect(pitcrew.exitReport().from).toBe('a')
    if (!closed.includes('>&- ') && closed !== '>&-') expect(pitcrew.lines).toContain('[a] 20000')
  },
)

test('an idle pitcrew never wakes up', async () => {
  await using pitcrew = new Pitcrew({
    daemons: {
      a: { command: sh('echo up; exec sleep 1000') },
      b: { command: sh('echo up; exec sleep 1000') },
    },
  })
  await pitcrew.linesWith('] up', 2)
  expect(await wakeUps(pitcrew)).toBe(0)
})
