/** The contract: One deadline. */
import { expect, test } from 'vitest'
import { compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { leftoverProcesses } from '../support/processes.ts'

const stubborn = { command: ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`] }
const reports = compileFixture('reports-signals')

/** Waits until all daemons are up, sends TERM, and measures the time until pitcrew has exited. */
async function ended(bundle: { daemons: object }, env: Record<string, string>) {
  await using pitcrew = new Pitcrew(bundle, { env, asPid1: false })
  for (const name of Object.keys(bundle.daemons)) await pitcrew.line(`[${name}] up`)
  const beganMs = performance.now()
  pitcrew.signal('SIGTERM')
  const code = await pitcrew.exitCode()
  const tookMs = performance.now() - beganMs
  expect(leftoverProcesses(pitcrew)).toEqual([])
  return { code, tookMs, lines: pitcrew.lines }
}

const chain = {
  daemons: {
    base: stubborn,
    middle: { ...stubborn, after: ['base'] },
    top: { ...stubborn, after: ['middle'] },
    beside: { ...stubborn, after: ['base'] },
  },
}

test.concurrent('three waves of daemons that ignore TERM end within PITCREW_DEADLINE', async () => {
  const { code, tookMs, lines } = await ended(chain, { PITCREW_DEADLINE: '1s' })
  expect(code).toBe(0)
  expect(tookMs).toBeGreaterThan(500)
  expect(tookMs).toBeLessThan(1900)
  expect(lines.filter((line) => line.includes(': still running'))).toHaveLength(4)
  const at = (text: string): number => lines.findIndex((line) => line.includes(text))
  expect(at('top: stopped')).toBeLessThan(at('middle: still running'))
  expect(at('middle: stopped')).toBeLessThan(at('base: still running'))
})

test.concurrent('PITCREW_DEADLINE takes precedence over the deadline of the bundle', async () => {
  const short = { deadline: '400ms', ...chain }
  expect((await ended(short, {})).tookMs).toBeLessThan(1300)
  const long = { deadline: '30s', ...chain }
  expect((await ended(long, { PITCREW_DEADLINE: '400ms' })).tookMs).toBeLessThan(1300)
})

test.concurrent('a grace that is longer than the deadline is shortened to it', async () => {
  const patient = { ...stubborn, stop: { grace: '1m' } }
  const bundle = { deadline: '1s', daemons: { a: patient, b: patient } }
  const { tookMs, lines } = await ended(bundle, {})
  expect(tookMs).toBeLessThan(1900)
  // They were killed in time: the deadline itself is the last resort.
  expect(lines.join('\n')).not.toContain('deadline reached')
})

test.concurrent('a daemon with a long grace does not use up the time of the next wave', async () => {
  // base needs 150 ms to exit; top, which stops first, would use all of the deadline.
  const bundle = {
    deadline: '1s',
    daemons: {
      base: { command: [reports, '150', '4'] },
      top: { ...stubborn, after: ['base'] },
    },
  }
  const { code, lines } = await ended(bundle, {})
  expect(code).toBe(4) // It exited, and was not killed.
  expect(lines.join('\n')).toContain('base: stopped: exit code 4')
})

test.concurrent('the next wave stops as soon as the previous one has ended', async () => {
  const quick = { command: [reports] }
  const bundle = {
    daemons: { a: quick, b: { ...quick, after: ['a'] }, c: { ...quick, after: ['b'] } },
  }
  expect((await ended(bundle, {})).tookMs).toBeLessThan(700)
})

test.concurrent('the deadline of a shutdown holds for a daemon that is already being restarted', async () => {
  await using pitcrew = new Pitcrew(
    { deadline: '400ms', signals: { USR1: { restart: ['a'] } }, daemons: { a: stubborn } },
    { asPid1: false },
  )
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGUSR1')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored')
  const beganMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(performance.now() - beganMs).toBeLessThan(1300)
  expect(pitcrew.lines.join('\n')).toContain('a: restart (USR1): superseded')
})

test.concurrent('a process that has left its group and ignores TERM does not delay the shutdown', async () => {
  const escapee = ['/bin/sh', `${fixtures}/scripts/leaves-escapee.sh`, 'stays']
  const a = { command: [...escapee, ...stubborn.command] }
  const { code, tookMs } = await ended({ daemons: { a } }, { PITCREW_DEADLINE: '400ms' })
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(1300)
})

test.concurrent.each(['5', '9 s', '-1s', '0s', '50ms', '2h', 'soon'])(
  'PITCREW_DEADLINE=%s is refused, and no daemon is started',
  async (value) => {
    const daemons = { a: { command: sh('echo started') } }
    await using pitcrew = new Pitcrew({ daemons }, { env: { PITCREW_DEADLINE: value } })
    expect(await pitcrew.exitCode()).toBe(2)
    expect(pitcrew.lines).toEqual([])
    expect(pitcrew.errors).toEqual([
      `pitcrew: cannot use PITCREW_DEADLINE "${value}": not a length of time from 100ms to 1h; write it like 9s or 1m30s`,
    ])
  },
)

test.concurrent('an empty PITCREW_DEADLINE is ignored', async () => {
  const daemons = { a: { command: ['true'], restart: 'never' } }
  await using pitcrew = new Pitcrew({ daemons }, { env: { PITCREW_DEADLINE: '' } })
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines[0]).toContain('deadline 9 s')
})
