/** `guard: true`: dependents run only while the guard is ready. FAULTS 21: a dependency that
 *  flaps. */
import { describe, expect, test } from 'vitest'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  eventually,
  outputOf,
  outsidePid,
  pidOf,
  pidsOf,
  processesUnder,
} from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const proxy = {
  command: sh('echo up; echo >&3; exec sleep 1000'),
  ready: 'fd',
  guard: true,
  restart: { backoff: '50ms' },
}
const agent = { command: [reports], after: ['proxy'] }
const other = { command: [reports] }
const deadline = '3s'

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  const requestedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
  expect(performance.now() - requestedAtMs).toBeLessThan(3000)
}

async function kill(pitcrew: Pitcrew, daemon: string, run = 1): Promise<void> {
  process.kill(outsidePid(pitcrew, await pidOf(pitcrew, daemon, run)), 'SIGKILL')
}

/** The events of these two daemons, in the order of the log. */
const story = ({ lines }: Pitcrew): string[] =>
  lines.flatMap((line) => {
    const [, name, word] =
      /^pitcrew: (proxy|agent): (started|ready|stopping it|stopped|died|not alive)\b/.exec(line) ??
      []
    return name === undefined ? [] : [`${name} ${word}`]
  })

/** According to the log, the agent started only while the proxy was ready. */
function expectGuarded(pitcrew: Pitcrew): void {
  let isReady = false
  for (const what of story(pitcrew)) {
    if (what === 'proxy ready') isReady = true
    if (what === 'proxy died' || what === 'proxy stopped' || what === 'proxy not alive')
      isReady = false
    if (what === 'agent started') expect(isReady, story(pitcrew).join('\n')).toBe(true)
  }
}

test('when a guard dies, its dependents stop at once and start again when it is ready; other daemons are not affected', async () => {
  await using pitcrew = new Pitcrew({ deadline, daemons: { other, agent, proxy } })
  await pitcrew.line('[other] up')
  await pitcrew.line('[agent] up')
  await kill(pitcrew, 'proxy')
  await pitcrew.line('agent: stopping it until its guard proxy is ready again (run 1)')
  await pitcrew.linesWith('[agent] up', 2)
  expect(story(pitcrew)).toEqual([
    'proxy started',
    'proxy ready',
    'agent started',
    'proxy died',
    'agent stopping it',
    'agent stopped',
    'proxy started',
    'proxy ready',
    'agent started',
  ])
  expect(outputOf(pitcrew, 'agent')).toContain('got TERM') // An ordinary stop.
  expect(outputOf(pitcrew, 'other')).toHaveLength(1)
  await end(pitcrew)
  expect(story(pitcrew).slice(-2)).toEqual(['agent stopped', 'proxy stopped'])
})

test('a restart of the guard stops its dependents and starts them again', async () => {
  const signals = { USR1: { restart: ['proxy'] } }
  await using pitcrew = new Pitcrew({ deadline, signals, daemons: { agent, proxy } })
  await pitcrew.line('[agent] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[agent] up', 2)
  await pitcrew.line('proxy: restart (USR1): done')
  expectGuarded(pitcrew)
  await end(pitcrew)
})

test('a failed health check of the guard stops its dependents and starts them again', async () => {
  const probe = sh(
    'n=$(cat "$PITCREW_STATE_DIR/n" || echo 0); echo $((n + 1)) > "$PITCREW_STATE_DIR/n"; [ $n != 5 ]',
  )
  const alive = { command: probe, interval: '10ms', failures: 1 }
  await using pitcrew = new Pitcrew({ deadline, daemons: { agent, proxy: { ...proxy, alive } } })
  await pitcrew.line('[agent] up')
  await pitcrew.line('proxy: not alive')
  await pitcrew.linesWith('[agent] up', 2)
  expectGuarded(pitcrew)
  await end(pitcrew)
})

test('a main daemon that is stopped because of its guard does not end pitcrew', async () => {
  const main = { ...agent, main: true }
  await using pitcrew = new Pitcrew({ deadline, daemons: { agent: main, proxy, other } })
  await pitcrew.line('[other] up')
  await pitcrew.line('[agent] up')
  await kill(pitcrew, 'proxy')
  await pitcrew.linesWith('[agent] up', 2)
  expectGuarded(pitcrew)
  await end(pitcrew)
})

test('while the guard keeps failing its dependents stay down, and TERM does not wait for it', async () => {
  const runsOnce = sh(
    '[ -e "$PITCREW_STATE_DIR/x" ] && exit 1; : > "$PITCREW_STATE_DIR/x"; echo >&3; exec sleep 1000',
  )
  await using pitcrew = new Pitcrew({
    deadline,
    daemons: { agent, other, proxy: { ...proxy, command: runsOnce } },
  })
  await pitcrew.line('[agent] up')
  await pitcrew.line('[other] up')
  await kill(pitcrew, 'proxy')
  await pitcrew.line('restart 3 in a row')
  await eventually('the agent is gone', () => processesUnder(pitcrew).length <= 2)
  await pitcrew.line('agent: stopped: ')
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  expect(pidsOf(pitcrew, 'agent')).toHaveLength(1)
})

test('when the guard is given up its dependents stay down, which is logged; a requested start of it starts them', async () => {
  const failsUntilGood =
    sh(`[ -e "$PITCREW_STATE_DIR/x" ] && [ ! -e "$PITCREW_STATE_DIR/good" ] && exit 4
    : > "$PITCREW_STATE_DIR/x"; echo up; echo >&3; exec sleep 1000`)
  const limited = {
    ...proxy,
    command: failsUntilGood,
    restart: { backoff: '1ms', limit: '2 in 1m' },
  }
  const signals = { USR1: { restart: ['proxy'] } }
  const good = {
    command: sh(
      'trap ": > "$PITCREW_STATE_DIR/good"; echo made" HUP; echo up; while :; do sleep 0.01; done',
    ),
  }
  await using pitcrew = new Pitcrew({
    deadline,
    signals: { ...signals, HUP: { forward: ['good'] } },
    daemons: { agent, good, proxy: limited },
  })
  await pitcrew.line('[agent] up')
  await pitcrew.line('[good] up')
  await kill(pitcrew, 'proxy')
  await pitcrew.line('given up after 2 restarts')
  await pitcrew.line('agent: not started: it needs proxy, which has failed')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('[good] made')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[agent] up', 2)
  await end(pitcrew)
})

test('a dependent that ignores TERM is killed at the end of its grace, and never runs while the guard is not ready', async () => {
  const stubborn = {
    command: sh(`trap '' TERM; echo up; while :; do sleep 0.1; done`),
    stop: { grace: '60ms' },
  }
  await using pitcrew = new Pitcrew({
    deadline,
    daemons: { agent: { ...stubborn, after: ['proxy'] }, proxy },
  })
  await pitcrew.line('[agent] up')
  await kill(pitcrew, 'proxy')
  await pitcrew.line('agent: stopped: signal KILL')
  await pitcrew.linesWith('[agent] up', 2)
  expectGuarded(pitcrew)
  await end(pitcrew)
})

test.each(['its guard is not ready', 'its health check failed'])(
  'the deadline of a shutdown holds for a daemon that ignores TERM and is already being stopped because %s',
  async (why) => {
    const stubborn = { command: sh(`trap '' TERM; echo up; while :; do sleep 0.1; done`) }
    const alive = { file: '/absent', interval: '50ms', failures: 1 }
    const held = {
      ...stubborn,
      after: ['proxy'],
      ...(why === 'its health check failed' && { alive }),
    }
    await using pitcrew = new Pitcrew({ deadline: '1s', daemons: { agent: held, proxy } })
    await pitcrew.line('[agent] up')
    if (why === 'its guard is not ready') await kill(pitcrew, 'proxy')
    await pitcrew.line(/agent: .*stopping it/)
    const requestedAtMs = performance.now()
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
    expect(performance.now() - requestedAtMs).toBeLessThan(1200)
    await pitcrew.line('agent: stopped: signal KILL')
  },
)

describe('a dependency that flaps', () => {
  // FAULTS 21.
  const flaps = (times: number) =>
    sh(`n=$(cat "$PITCREW_STATE_DIR/n" || echo 0); echo $((n + 1)) > "$PITCREW_STATE_DIR/n"
      echo >&3; [ $n -lt ${times} ] && { sleep 0.02; exit 1; }; echo stays; exec sleep 1000`)

  test('stops its dependents each time, and in the end all are up', async () => {
    const flapping = { ...proxy, command: flaps(12), restart: { backoff: '5ms', max: '5ms' } }
    flapping.restart = { backoff: { initial: '5ms', max: '5ms' } } as never
    const chain = { agent, web: { command: [reports], after: ['agent'] } }
    await using pitcrew = new Pitcrew({ deadline, daemons: { ...chain, proxy: flapping, other } })
    await pitcrew.line('[proxy] stays')
    await pitcrew.linesWith('proxy: ready', 13)
    await eventually('all four are running', () => processesUnder(pitcrew).length === 4)
    await pitcrew.line('[web] up')
    expectGuarded(pitcrew)
    expect(outputOf(pitcrew, 'other')).toHaveLength(1)
    await end(pitcrew)
  })

  test('without `guard` stops no dependent', async () => {
    const restart = { backoff: { initial: '5ms', max: '5ms' } }
    const flapping = { command: flaps(5), ready: 'fd', restart }
    await using pitcrew = new Pitcrew({ deadline, daemons: { agent, proxy: flapping } })
    await pitcrew.line('[proxy] stays')
    await pitcrew.linesWith('proxy: ready', 6)
    expect(pidsOf(pitcrew, 'agent')).toHaveLength(1)
    await end(pitcrew)
  })

  test('does not delay a shutdown', async () => {
    const restart = { backoff: { initial: '5ms', max: '5ms' } }
    const flapping = { ...proxy, command: flaps(1_000_000), restart }
    await using pitcrew = new Pitcrew({ deadline, daemons: { agent, proxy: flapping } })
    await pitcrew.linesWith('proxy: ready', 5)
    const requestedAtMs = performance.now()
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
    expect(performance.now() - requestedAtMs).toBeLessThan(3000)
  })
})
