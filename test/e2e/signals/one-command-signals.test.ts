/** `pitcrew -- COMMAND` forwards every signal to the command or, with -g, to its process group. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { wakeUps } from '../support/cost.ts'
import { canUnshare, childrenOf, compileFixture, Pitcrew } from '../support/pitcrew.ts'
import { eventually, stateOf } from '../support/processes.ts'

const reporter = compileFixture('reports-group-signals')
const modes = canUnshare ? [true, false] : [false]
const forwarded: NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGPIPE',
]
const number = (name: NodeJS.Signals): number => constants.signals[name]

test.each(modes)('signals are forwarded to the command (PID 1: %s)', async (asPid1) => {
  await using pitcrew = new Pitcrew(null, { args: ['--', reporter, '3'], asPid1 })
  await pitcrew.line('3 ready')
  for (const name of forwarded) {
    pitcrew.signal(name)
    await pitcrew.line(`leader got ${number(name)}`)
  }
  expect(pitcrew.lines.filter((line) => line.startsWith('member'))).toEqual([])
  pitcrew.signal('SIGQUIT')
  expect(await pitcrew.exitCode()).toBe(42)
  expect(pitcrew.errors).toEqual([])
})

test.each(modes)(
  'with -g signals are forwarded to its whole process group (PID 1: %s)',
  async (asPid1) => {
    await using pitcrew = new Pitcrew(null, { args: ['-g', '--', reporter, '3'], asPid1 })
    await pitcrew.line('3 ready')
    for (const name of forwarded) {
      pitcrew.signal(name)
      await pitcrew.line(`leader got ${number(name)}`)
      await pitcrew.linesWith(`member got ${number(name)}`, 2)
    }
    pitcrew.signal('SIGQUIT')
    expect(await pitcrew.exitCode()).toBe(42)
  },
)

test.each(modes)(
  'a signal that is pending at the start reaches the command (PID 1: %s)',
  async (asPid1) => {
    await using pitcrew = new Pitcrew(null, {
      args: ['--', 'sleep', '1000'],
      wrap: [compileFixture('starts-with-pending-signal'), '15'],
      asPid1,
    })
    expect(await pitcrew.exitCode()).toBe(143)
  },
)

test('TERM is only forwarded: no deadline applies to the command', async () => {
  await using pitcrew = new Pitcrew(null, {
    args: ['--', reporter],
    env: { PITCREW_DEADLINE: '100ms' },
  })
  await pitcrew.line('1 ready')
  pitcrew.signal('SIGTERM')
  await pitcrew.line('leader got 15')
  // Measured over three times that deadline.
  expect(await wakeUps(pitcrew)).toBe(0)
  expect(childrenOf(pitcrew.pid)).toHaveLength(1)
  pitcrew.signal('SIGQUIT')
  expect(await pitcrew.exitCode()).toBe(42)
})

test.each(modes)(
  'pitcrew neither stops with a suspended command nor continues it (PID 1: %s)',
  async (asPid1) => {
    await using pitcrew = new Pitcrew(null, { args: ['--', reporter], asPid1 })
    await pitcrew.line('1 ready')
    const command = childrenOf(pitcrew.pid)[0] ?? 0
    process.kill(command, 'SIGSTOP')
    await eventually('it is suspended', () => stateOf(command) === 'T')
    expect(await wakeUps(pitcrew)).toBe(0)
    expect([stateOf(pitcrew.pid), stateOf(command)]).toEqual(['S', 'T'])
    process.kill(command, 'SIGCONT')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('leader got 10')
  },
)

test.each(modes)('an ignored signal stays ignored, as with nohup (PID 1: %s)', async (asPid1) => {
  const wrap = ['perl', '-e', '$SIG{HUP} = "IGNORE"; exec @ARGV or die']
  const command = ['sh', '-c', 'grep SigIgn /proc/self/status; exec "$@"', 'sh', reporter, '1']
  await using pitcrew = new Pitcrew(null, { args: ['--', ...command], asPid1, wrap })
  expect(await pitcrew.line('SigIgn')).toMatch(/[13579bdf]$/)
  await pitcrew.line('1 ready')
  pitcrew.signal('SIGHUP')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line(`leader got ${number('SIGUSR1')}`)
  expect(pitcrew.lines).not.toContain(`leader got ${number('SIGHUP')}`)
  pitcrew.signal('SIGQUIT')
  expect(await pitcrew.exitCode()).toBe(42)
})
