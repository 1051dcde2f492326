/** What a daemon reports about itself through sd_notify, and what pitcrew makes of it. FAULTS
 *  47; the contract, Stop. */
import { expect, test } from 'vitest'
import type { ExplainAnswer, StatusAnswer } from '../../../src/control/protocol/status.ts'
import { jsonAnswer } from '../support/cli.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'

const NOTIFIES = compileFixture('notifies')
const env = { NOTIFIES }
const long = { command: sh('echo up; exec sleep 1000') }

/** A daemon that sends these messages and stays. */
function sends(...messages: string[]): string[] {
  return sh(
    `"$NOTIFIES" barrier ${messages.map((one) => `"${one}"`).join(' ')}; echo sent; exec sleep 1000`,
  )
}

async function statusOf(pitcrew: Pitcrew): Promise<string | undefined> {
  await pitcrew.line('[b] sent')
  const { daemons } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  return daemons.find(({ name }) => name === 'b')?.status
}

test.each([
  [
    'READY=1 after RELOADING=1 restores the previous status',
    ['STATUS=serving', 'RELOADING=1', 'READY=1'],
    'serving',
  ],
  ['READY=1 after RELOADING=1 restores an empty status', ['READY=1', 'RELOADING=1', 'READY=1'], ''],
  [
    'READY=1 restores the previous status also if the reload had a status of its own',
    ['STATUS=serving', 'RELOADING=1\\nSTATUS=reading', 'READY=1'],
    'serving',
  ],
  ['a status in the message with READY=1 is kept', ['RELOADING=1', 'READY=1\\nSTATUS=new'], 'new'],
  [
    'the status during a reload is "reloading"',
    ['STATUS=serving', 'READY=1', 'RELOADING=1'],
    'reloading',
  ],
  [
    'the status after STOPPING=1 is "stopping"',
    ['STATUS=serving', 'READY=1', 'STOPPING=1'],
    'stopping',
  ],
])('%s', async (_, messages, status) => {
  await using pitcrew = new Pitcrew(
    { daemons: { b: { command: sends(...messages), ready: 'notify' } } },
    { env },
  )
  expect(await statusOf(pitcrew)).toBe(status)
})

test('WATCHDOG=trigger is a failure, also without `watchdog:`', async () => {
  const b = { command: sends('READY=1', 'WATCHDOG=trigger'), ready: 'notify', restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
  expect(await pitcrew.line('b: failed')).toMatch(
    /b: failed by its own report \(WATCHDOG=trigger\), pid \d+, run 1, .*: stopping it; restart policy is never/,
  )
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(1)
})

test('MAINPID of another process is logged once a run; that of the leader is not', async () => {
  const script =
    '"$NOTIFIES" barrier times=3 MAINPID=77; "$NOTIFIES" barrier MAINPID=$$ READY=1; exec sleep 1000'
  const b = { command: sh(script), ready: 'notify' }
  await using pitcrew = new Pitcrew({ daemons: { b } }, { env })
  await pitcrew.line('b: ready')
  const lines = pitcrew.lines.filter((line) => line.includes('MAINPID'))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(
    /b: MAINPID=77 is not supported: pitcrew supervises pid \d+, which it started \(run 1\); if it puts itself into the background, run it in the foreground/,
  )
})

test('EXTEND_TIMEOUT_USEC of more than an hour extends a start', async () => {
  const b = {
    command: sends('EXTEND_TIMEOUT_USEC=7200000000'),
    ready: { notify: true, timeout: '1m' },
  }
  await using pitcrew = new Pitcrew({ daemons: { b } }, { env })
  await pitcrew.line('[b] sent')
  const { why } = await jsonAnswer<ExplainAnswer>(pitcrew, 'explain', 'b')
  expect(why[0]).toMatch(/, (2 h|1 h 59 min( [\d.]+ s)?) left/)
})

test('EXTEND_TIMEOUT_USEC extends a stop beyond its grace, but not beyond the deadline', async () => {
  const trap = 'trap \'"$NOTIFIES" barrier EXTEND_TIMEOUT_USEC=60000000; echo requested\' TERM'
  const b = {
    command: sh(`${trap}; echo set; while :; do sleep 0.05; done`),
    stop: { grace: '300ms' },
    watchdog: '1h',
  }
  await using pitcrew = new Pitcrew({ deadline: '2s', daemons: { b } }, { env })
  await pitcrew.line('[b] set')
  const requestedMs = performance.now()
  pitcrew.signal('SIGTERM')
  await pitcrew.line('[b] requested')
  await pitcrew.line('KILL')
  const killedMs = performance.now() - requestedMs
  expect(killedMs).toBeGreaterThan(1000)
  expect(killedMs).toBeLessThan(2500)
  expect(await pitcrew.exitCode()).toBe(0)
})
