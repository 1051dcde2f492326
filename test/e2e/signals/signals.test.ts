/** The contract: Signals. FAULTS 14. */
import { expect, test } from 'vitest'
import { compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf, pidOf, pidsOf, release } from '../support/processes.ts'

const up: string = expect.stringMatching(/^up \d+$/)
const long = { command: sh('echo up; exec sleep 1000') }
const listener = { command: [compileFixture('reports-signals')] }
const slow = { command: ['/bin/sh', `${fixtures}/scripts/exits-on-release.sh`] }

test('a second TERM joins the shutdown in progress', async () => {
  await using pitcrew = new Pitcrew({
    daemons: { a: slow },
  })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('[a] got TERM')
  pitcrew.signal('SIGTERM')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored: shutting down')
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes(': stopping 1 daemon'))).toHaveLength(1)
  expect(outputOf(pitcrew, 'a')).toEqual(['up', 'got TERM'])
})

test('TERM after INT joins the shutdown that INT began', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: slow } })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGINT')
  await pitcrew.line('INT: stopping 1 daemon')
  pitcrew.signal('SIGTERM')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored: shutting down')
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.join('\n')).not.toContain('TERM: stopping')
  expect(outputOf(pitcrew, 'a')).toEqual(['up', 'got TERM'])
})

test('HUP and USR1 during the shutdown are logged and ignored', async () => {
  await using pitcrew = new Pitcrew({
    signals: { HUP: { forward: ['a'] }, USR1: { restart: ['a'] } },
    daemons: { a: slow },
  })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('[a] got TERM')
  pitcrew.signal('SIGHUP')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('HUP ignored: shutting down')
  await pitcrew.line('USR1 ignored: shutting down')
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
})

test('a mapped HUP is forwarded to the daemons that its mapping names, and to no other', async () => {
  await using pitcrew = new Pitcrew({
    signals: { HUP: { forward: ['egress'] } },
    daemons: { egress: listener, pipelock: listener },
  })
  await pitcrew.line('[egress] up')
  await pitcrew.line('[pipelock] up')
  const pid = await pidOf(pitcrew, 'egress')
  pitcrew.signal('SIGHUP')
  await pitcrew.line(`egress: HUP forwarded to pid ${pid}`)
  await pitcrew.line('[egress] got HUP')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'egress')).toEqual([up, 'got HUP', 'got TERM'])
  expect(outputOf(pitcrew, 'pipelock')).toEqual([up, 'got TERM'])
})

// Also signals that end a program by default.
test.each([
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGQUIT',
  'SIGALRM',
  'SIGPIPE',
  'SIGIO',
  'SIGPWR',
  'SIGTSTP',
] as const)('an unmapped %s is logged and ignored: no daemon sees it', async (signal) => {
  await using pitcrew = new Pitcrew({ daemons: { a: listener, b: long } }, { asPid1: false })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  pitcrew.signal(signal)
  await pitcrew.line(`pitcrew: ${signal.slice(3)} ignored: not in "signals:"`)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, 'got TERM'])
})

test('any signal can be mapped: QUIT, ALRM', async () => {
  await using pitcrew = new Pitcrew({
    signals: { QUIT: { forward: ['a'] }, ALRM: { restart: ['b'] } },
    daemons: { a: listener, b: long },
  })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGQUIT')
  await pitcrew.line('[a] got QUIT')
  pitcrew.signal('SIGALRM')
  await pitcrew.line('b: restart (ALRM): done')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('a signal for a daemon that has died is logged as not forwarded', async () => {
  const bundle = {
    signals: { HUP: { forward: ['b'] } },
    daemons: { a: listener, b: { command: ['true'], restart: 'never' } },
  }
  await using pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  await pitcrew.line('b: died')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('b: HUP not forwarded: it is not running')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, 'got TERM'])
})

test('WINCH, CONT and URG, which are ignored by default, are not logged', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } })
  await pitcrew.line('[a] up')
  for (const signal of ['SIGWINCH', 'SIGCONT', 'SIGURG'] as const) pitcrew.signal(signal)
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.join('\n')).not.toMatch(/WINCH|CONT|URG/)
})

test('a flood of ignored signals causes few log lines', async () => {
  await using pitcrew = new Pitcrew({ daemons: { a: long } }, { asPid1: false })
  await pitcrew.line('[a] up')
  const flood = compileFixture('floods-signals')
  await using other = new Pitcrew(null, {
    program: flood,
    args: [`${pitcrew.pid}`, '12', '5000'],
    asPid1: false,
  })
  expect(await other.exitCode()).toBe(0)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes('ignored')).length).toBeLessThanOrEqual(4)
})

test('ten thousand USR1 in a second are joined: each ticket has its run, and other daemons are not affected', async () => {
  await using pitcrew = new Pitcrew(
    {
      signals: { USR1: { restart: ['b'] } },
      daemons: { a: long, b: { command: ['sleep', '1000'] } },
    },
    { asPid1: false },
  )
  await pitcrew.line('[a] up')
  await pidOf(pitcrew, 'b')
  const flood = compileFixture('floods-signals')
  await using other = new Pitcrew(null, {
    program: flood,
    args: [`${pitcrew.pid}`, '10', '10000'],
    asPid1: false,
  })
  expect(await other.exitCode()).toBe(0)
  // The flood is over once one more request has been answered by a run of its own.
  const open = pitcrew.lines.length
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('b: restart (USR1', open)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
  const tickets = pitcrew.lines.filter((line) =>
    /b: restart \(USR1.*: (done|superseded)/.test(line),
  )
  const runs = pidsOf(pitcrew, 'b').length
  const superseded = tickets.filter((line) => line.includes('superseded')).length
  expect(tickets.length).toBe(runs - 1 + superseded)
  const asked = tickets.map((line) => Number(/asked (\d+) times/.exec(line)?.[1] ?? 1))
  expect(asked.reduce((sum, times) => sum + times, 0)).toBeLessThanOrEqual(10_001)
  // Never two runs at once: each run is over before the next one starts.
  const order = pitcrew.lines.flatMap(
    (line) => /pitcrew: b: (started|stopped)/.exec(line)?.[1] ?? [],
  )
  expect(order).toEqual(order.map((_, index) => (index % 2 === 0 ? 'started' : 'stopped')))
})

test('TERM supersedes a restart in progress', async () => {
  await using pitcrew = new Pitcrew({
    signals: { USR1: { restart: ['a'] } },
    daemons: { a: slow },
  })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('[a] got TERM')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('a: restart (USR1): superseded by the shutdown')
  await release(pitcrew)
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
})

test('the loss of its terminal shuts down a pitcrew that is not PID 1', async () => {
  await using pitcrew = new Pitcrew(
    { signals: { HUP: { forward: ['a'] } }, daemons: { a: listener } },
    { asPid1: false, wrap: [compileFixture('loses-terminal')] },
  )
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('the terminal is gone: stopping 1 daemon')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual([up, 'got TERM'])
})
