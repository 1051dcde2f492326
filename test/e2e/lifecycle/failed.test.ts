/** The contract, Death and Exit code: a daemon that ends before it was ready has failed,
 *  whatever its code; when a failure ends the bundle, the code is never zero. */
import { describe, expect, test } from 'vitest'
import type { ExplainAnswer } from '../../../src/control/protocol/status.ts'
import { jsonAnswer, runVerb } from '../support/cli.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const never = { restart: 'never' }
const ready = { notify: true, timeout: '1m' }
/** Exits without having reported that it is ready. */
const endsUnready = { command: sh('exit 0'), ready }
const background = { command: sh('(sleep 1000 &) ; exit 0'), ready }
const remedy = 'run it in the foreground ("daemon off;", -D, --nodaemon)'

describe('a daemon that exits with 0 before it is ready', () => {
  test('has failed: its dependents do not start, a wait fails, and the exit code is 1', async () => {
    const daemons = { a: long, b: { ...endsUnready, ...never }, c: { ...long, after: ['b'] } }
    await using pitcrew = new Pitcrew({ daemons })
    expect(await pitcrew.line('b: died')).toMatch(
      /died: exit code 0 before it was ready, pid \d+, run 1, .*; restart policy is never/,
    )
    await pitcrew.line('c: not started: it needs b, which has failed')
    const { status, err } = await runVerb(pitcrew, 'wait', 'b', '--for', 'ready')
    expect(status, err.join('\n')).toBe(1)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(1)
    expect(pitcrew.exitReport()).toMatchObject({
      from: 'b',
      reason: 'TERM',
      askedBy: 'TERM',
      daemons: [{}, { ended: 'code 0 before it was ready', counted: 1 }, {}],
    })
  })

  test.each([
    ['is restarted by the policy on-failure', 'on-failure'],
    ['is restarted by the policy always', 'always'],
  ])('%s', async (_, policy) => {
    const b = { ...endsUnready, restart: { policy, backoff: '1ms', limit: '2 in 1m' } }
    await using pitcrew = new Pitcrew({ daemons: { b } })
    await pitcrew.line('given up after 2 restarts')
    expect(await pitcrew.exitCode()).toBe(1)
    expect(pitcrew.exitReport()).toMatchObject({ reason: 'nothing was left to run', from: 'b' })
  })

  test.each([
    ['main', { main: true }, 'agent is the main daemon and has ended'],
    ['critical', { critical: true, ...never }, 'agent is critical and is given up'],
  ])('ends pitcrew with 1 if it is %s', async (_, more, reason) => {
    const agent = { ...endsUnready, ...more }
    await using pitcrew = new Pitcrew({ daemons: { db: long, agent } })
    expect(await pitcrew.exitCode()).toBe(1)
    expect(pitcrew.exitReport()).toMatchObject({ from: 'agent', reason, askedBy: 'restart policy' })
  })
})

describe('a daemon that goes into the background', () => {
  test('is reported with a remedy: in the log, its last death, explain, and the ticket', async () => {
    const daemons = { a: long, b: { ...background, ...never } }
    await using pitcrew = new Pitcrew({ daemons })
    const line = await pitcrew.line('b: died')
    expect(line).toContain('exit code 0 before it was ready')
    expect(line).toContain(
      `, leaving processes behind: if it puts itself into the background, ${remedy}; `,
    )
    const { why, remedies } = await jsonAnswer<ExplainAnswer>(pitcrew, 'explain', 'b')
    expect(why.join('\n')).toContain('code 0 before it was ready, leaving processes behind')
    expect(remedies.join('\n')).toContain(remedy)
    const { status, err } = await runVerb(pitcrew, 'start', 'b')
    expect(status).toBe(1)
    expect(err.join('\n')).toContain('exit code 0 before it was ready')
    expect(err.join('\n')).toContain(remedy)
  })

  test('is reported also without `ready:`, and when it is not restarted', async () => {
    const b = { command: background.command, restart: 'on-failure' }
    await using pitcrew = new Pitcrew({ daemons: { b } })
    expect(await pitcrew.line('b: done')).toContain(remedy)
    expect(await pitcrew.exitCode()).toBe(0)
  })

  test('is not reported if it is a job, which may leave processes behind', async () => {
    const b = { command: background.command, kind: 'job' }
    await using pitcrew = new Pitcrew({ daemons: { b } })
    expect(await pitcrew.line('b: done')).not.toContain('leaving')
    expect(await pitcrew.exitCode()).toBe(0)
  })
})

describe('when a failure ends the bundle, the code is not zero', () => {
  test('after the death of a job by a signal, with other daemons waiting for it', async () => {
    const migrate = { command: sh('kill -KILL $$'), kind: 'job' }
    const web = { ...long, after: ['migrate'] }
    await using pitcrew = new Pitcrew({ daemons: { migrate, web } })
    expect(await pitcrew.exitCode()).toBe(137)
    expect(pitcrew.exitReport()).toMatchObject({ from: 'migrate', askedBy: null })
  })

  test('after a daemon with `then: shutdown` is given up because of a signal', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a key of the bundle; the object is never awaited.
    const restart = { backoff: '1ms', limit: '1 in 1m', then: 'shutdown' }
    const web = { command: sh('kill -SEGV $$'), restart }
    await using pitcrew = new Pitcrew({ daemons: { a: long, web } })
    expect(await pitcrew.exitCode()).toBe(139)
    expect(pitcrew.exitReport()).toMatchObject({ from: 'web', reason: 'web is given up' })
  })
})

test('exit-report.json has the requester, the reason and the time of the end', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  await pitcrew.line('[a] up')
  await runVerb(pitcrew, 'shutdown', '--why', 'end of shift')
  expect(await pitcrew.exitCode()).toBe(0)
  const report = pitcrew.exitReport()
  expect(report).toMatchObject({ why: 'end of shift', askedBy: expect.stringMatching(/^uid 0/) })
  expect(Date.parse(report.at as string)).toBeGreaterThan(Date.now() - 60_000)
})
