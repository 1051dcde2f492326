/** The contract, Order: `after:` with its conditions, jobs, and optional daemons. FAULTS 3, 21.
 *  Each test ends with TERM, which must end pitcrew within its deadline. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf, processesUnder } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** Reports on fd 3 that it is ready: at once, or when a line is written to the FIFO "go". */
const readyAtOnce = { command: sh('echo >&3; exec sleep 1000'), ready: 'fd' }
const readyOnGo = {
  command: sh(
    'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"; echo >&3; exec sleep 1000',
  ),
  ready: 'fd',
}
const deadline = '3s'

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  const requestedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
  expect(performance.now() - requestedAtMs).toBeLessThan(3000)
}

const go = ({ folder }: Pitcrew): void => writeFileSync(join(folder, 'go'), 'go\n')

/** Waits until pitcrew has handled everything that has happened so far. */
async function settled(pitcrew: Pitcrew, signal: 'SIGUSR2' | 'SIGHUP' = 'SIGUSR2'): Promise<void> {
  pitcrew.signal(signal)
  await pitcrew.line(`${signal.slice(3)} ignored`)
}

/** "a started", "a ready", "a done", in the order of the log. */
const story = ({ lines }: Pitcrew): string[] =>
  lines.flatMap((line) => {
    const [, name, word] =
      /^pitcrew: (\S+): (started|ready|done|stopped|died|stopping it)\b/.exec(line) ?? []
    return name === undefined ? [] : [`${name} ${word}`]
  })

describe('a daemon waits until its dependency is', () => {
  test('ready', async () => {
    await using pitcrew = new Pitcrew({
      deadline,
      daemons: { web: { ...long, after: ['db'] }, db: readyOnGo },
    })
    await pitcrew.line('[db] up')
    await settled(pitcrew)
    expect(story(pitcrew)).toEqual(['db started'])
    go(pitcrew)
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['db started', 'db ready', 'web started'])
    await end(pitcrew)
    expect(story(pitcrew).slice(3)).toEqual(['web stopped', 'db stopped'])
  })

  test('started', async () => {
    const web = { ...long, after: { db: 'started' } }
    await using pitcrew = new Pitcrew({ deadline, daemons: { web, db: readyOnGo } })
    await pitcrew.line('[web] up')
    await pitcrew.line('[db] up')
    expect(story(pitcrew)).toEqual(['db started', 'web started'])
    await end(pitcrew)
  })

  test.each([[{ init: 'done' }], [['init']]])('done: %j', async (after) => {
    const script = 'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"'
    const init = { command: sh(script), kind: 'job' }
    await using pitcrew = new Pitcrew({ deadline, daemons: { init, web: { ...long, after } } })
    await pitcrew.line('[init] up')
    await settled(pitcrew)
    expect(story(pitcrew)).toEqual(['init started'])
    go(pitcrew)
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['init started', 'init done', 'web started'])
    await end(pitcrew)
  })

  test('ready, started or done, for several dependencies', async () => {
    const daemons = {
      web: { ...long, after: { db: 'ready', log: 'started', init: 'done' } },
      db: readyAtOnce,
      log: readyOnGo,
      init: { command: ['true'], kind: 'job' },
    }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    await pitcrew.line('[web] up')
    expect(story(pitcrew).at(-1)).toBe('web started')
    expect(story(pitcrew).toSorted()).toEqual([
      'db ready',
      'db started',
      'init done',
      'init started',
      'log started',
      'web started',
    ])
    await end(pitcrew)
  })
})

test('a chain of fifty daemons starts in order, each when the previous one is ready', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `d${n}`)
  const chain = names.map((name, n) => [
    name,
    { ...readyAtOnce, after: names.slice(Math.max(0, n - 1), n) },
  ])
  // The file lists them in reverse order.
  await using pitcrew = new Pitcrew({ deadline, daemons: Object.fromEntries(chain.toReversed()) })
  await pitcrew.line('d49: ready')
  expect(story(pitcrew)).toEqual(names.flatMap((name) => [`${name} started`, `${name} ready`]))
  await end(pitcrew)
  expect(story(pitcrew).slice(100)).toEqual(names.toReversed().map((name) => `${name} stopped`))
})

describe('when a dependency fails permanently', () => {
  const init = { command: sh('[ -e "$PITCREW_STATE_DIR/good" ] || exit 4'), kind: 'job' }
  const signals = { USR1: { restart: ['init'] } }

  test('its direct and indirect dependents are not started, which is logged for each; other daemons run', async () => {
    const daemons = {
      init,
      web: { ...long, after: ['init'] },
      top: { ...long, after: ['web'] },
      other: long,
    }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    await pitcrew.line('pitcrew: web: not started: it needs init, which has failed')
    await pitcrew.line('pitcrew: top: not started: it needs web, which has failed')
    await pitcrew.line('[other] up')
    expect(processesUnder(pitcrew)).toHaveLength(1)
    await end(pitcrew, 4)
    const report = pitcrew.exitReport() as unknown as { daemons: { ended: string; runs: number }[] }
    expect(report.daemons[1]).toMatchObject({
      runs: 0,
      ended: expect.stringContaining('not started'),
    })
  })

  test('its dependents start once it succeeds', async () => {
    const daemons = { init, web: { ...long, after: ['init'] }, top: { ...long, after: ['web'] } }
    await using pitcrew = new Pitcrew({ deadline, signals, daemons: { ...daemons, other: long } })
    await pitcrew.line('top: not started')
    await pitcrew.line('[other] up')
    writeFileSync(join(pitcrew.folder, 'good'), '')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('[top] up')
    expect(story(pitcrew).slice(-4)).toEqual([
      'init started',
      'init done',
      'web started',
      'top started',
    ])
    await end(pitcrew)
  })

  test('a requested restart of a dependent fails, with the reason', async () => {
    const web = { ...long, after: ['init'] }
    const restartWeb = { USR1: { restart: ['web'] } }
    await using pitcrew = new Pitcrew({
      deadline,
      signals: restartWeb,
      daemons: { init, web, other: long },
    })
    await pitcrew.line('web: not started')
    await pitcrew.line('[other] up')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('web: restart (USR1): failed: it needs init, which has failed')
    await end(pitcrew, 4)
  })

  test('and no other daemon is left to run, pitcrew exits with its code', async () => {
    const daemons = { init, web: { ...long, after: ['init'] } }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    expect(await pitcrew.exitCode()).toBe(4)
  })

  test('and the main daemon was therefore never started, pitcrew fails', async () => {
    const daemons = { init, agent: { ...long, main: true, after: ['init'] }, other: long }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    expect(await pitcrew.exitCode()).not.toBe(0)
    await pitcrew.line('agent: not started: it needs init, which has failed')
  })

  test('and it is optional, its dependents start', async () => {
    const daemons = { init: { ...init, optional: true }, web: { ...long, after: ['init'] } }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['init started', 'init died', 'web started'])
    await end(pitcrew, 4)
  })

  test('and it is optional, its dependents start only after it is given up', async () => {
    const restart = { backoff: '1ms', limit: '3 in 1m' }
    const db = { command: ['false'], ready: 'fd', optional: true, restart }
    await using pitcrew = new Pitcrew({
      deadline,
      daemons: { db, web: { ...long, after: ['db'] } },
    })
    await pitcrew.line('[web] up')
    expect(pidsOf(pitcrew, 'db')).toHaveLength(4)
    const [givenUp, started] = ['db: died.*given up', 'web: started'].map((text) =>
      pitcrew.lines.findIndex((line) => new RegExp(text).test(line)),
    )
    expect(givenUp).toBeLessThan(started ?? -1)
    await end(pitcrew, 1)
  })
})

describe('a dependency that is not selected', () => {
  test('does not delay its dependents', async () => {
    const daemons = { db: readyOnGo, web: { ...long, after: ['db'] } }
    const env = { PITCREW_DAEMONS: 'web' }
    await using pitcrew = new Pitcrew({ deadline, daemons }, { env })
    await pitcrew.line('[web] up')
    await end(pitcrew)
  })
})

describe('TERM', () => {
  const never = { ...long, ready: { log: 'never' } }
  test.each([
    [
      'while a daemon waits for another',
      { db: never, web: { ...long, after: ['db'] } },
      'db: started',
      0,
    ],
    [
      'while a dependency is in its backoff',
      {
        db: { command: sh('echo up; exit 2'), ready: 'fd', restart: { backoff: '1m' } },
        web: { ...long, after: ['db'] },
      },
      'db: died',
      2,
    ],
    [
      'while a dependency cannot be started',
      {
        db: { command: ['./absent'], restart: { backoff: '1m' } },
        web: { ...long, after: ['db'] },
      },
      'db: cannot start',
      127,
    ],
    [
      'while a dependency crashes continuously',
      {
        db: { command: sh('exit 2'), ready: 'fd', restart: { backoff: 'none' } },
        web: { ...long, after: ['db'] },
      },
      'db: died',
      null,
    ],
  ])('%s starts no further daemon', async (_, daemons, until, code) => {
    await using pitcrew = new Pitcrew({ deadline, daemons: { a: long, ...daemons } })
    await pitcrew.line('[a] up')
    await pitcrew.line(until)
    await settled(pitcrew)
    if (code === null) {
      pitcrew.signal('SIGTERM')
      await pitcrew.exitCode()
    } else {
      await end(pitcrew, code)
    }
    expect(pidsOf(pitcrew, 'web')).toEqual([])
    const at = pitcrew.lines.findIndex((line) => line.includes('TERM: stopping'))
    expect(pitcrew.lines.slice(at).filter((line) => line.includes(': started'))).toEqual([])
  })
})
