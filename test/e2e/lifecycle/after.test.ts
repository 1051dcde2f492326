/** DESIGN §4, Order; §6, `after:` with conditions, jobs, who may be missing. FAULTS 3, 21. After each story TERM ends
 *  pitcrew within its deadline: nothing hangs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { pidsOf, processesUnder } from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
/** Says by fd 3 that it is ready; the second one when something is written into the FIFO "go". */
const quick = { command: sh('echo >&3; exec sleep 1000'), ready: 'fd' }
const whenTold = {
  command: sh(
    'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"; echo >&3; exec sleep 1000',
  ),
  ready: 'fd',
}
const deadline = '3s'

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  const askedAtMs = performance.now()
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
  expect(performance.now() - askedAtMs).toBeLessThan(3000)
}

const go = ({ folder }: Pitcrew): void => writeFileSync(join(folder, 'go'), 'go\n')

/** All that has happened was told, and the loop has had turns since then. */
async function rests(pitcrew: Pitcrew, signal: 'SIGUSR2' | 'SIGHUP' = 'SIGUSR2'): Promise<void> {
  pitcrew.signal(signal)
  await pitcrew.line(`${signal.slice(3)} ignored`)
}

/** "a started", "a ready", "a done", in the order in which it was told. */
const story = ({ lines }: Pitcrew): string[] =>
  lines.flatMap((line) => {
    const [, name, word] =
      /^pitcrew: (\S+): (started|ready|done|stopped|died|stopping it)\b/.exec(line) ?? []
    return name === undefined ? [] : [`${name} ${word}`]
  })

describe('a daemon waits until what it is after is', () => {
  test('ready', async () => {
    await using pitcrew = new Pitcrew({
      deadline,
      daemons: { web: { ...long, after: ['db'] }, db: whenTold },
    })
    await pitcrew.line('[db] up')
    await rests(pitcrew)
    expect(story(pitcrew)).toEqual(['db started'])
    go(pitcrew)
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['db started', 'db ready', 'web started'])
    await end(pitcrew)
    expect(story(pitcrew).slice(3)).toEqual(['web stopped', 'db stopped'])
  })

  test('or only started', async () => {
    const web = { ...long, after: { db: 'started' } }
    await using pitcrew = new Pitcrew({ deadline, daemons: { web, db: whenTold } })
    await pitcrew.line('[web] up')
    await pitcrew.line('[db] up')
    expect(story(pitcrew)).toEqual(['db started', 'web started'])
    await end(pitcrew)
  })

  test.each([[{ init: 'done' }], [['init']]])('or done: %j', async (after) => {
    const script = 'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"'
    const init = { command: sh(script), kind: 'job' }
    await using pitcrew = new Pitcrew({ deadline, daemons: { init, web: { ...long, after } } })
    await pitcrew.line('[init] up')
    await rests(pitcrew)
    expect(story(pitcrew)).toEqual(['init started'])
    go(pitcrew)
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['init started', 'init done', 'web started'])
    await end(pitcrew)
  })

  test('all of that, of each', async () => {
    const daemons = {
      web: { ...long, after: { db: 'ready', log: 'started', init: 'done' } },
      db: quick,
      log: whenTold,
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

test('a chain of fifty starts one after the other, each when the one before is ready', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `d${n}`)
  const chain = names.map((name, n) => [
    name,
    { ...quick, after: names.slice(Math.max(0, n - 1), n) },
  ])
  // In the file it stands the other way round.
  await using pitcrew = new Pitcrew({ deadline, daemons: Object.fromEntries(chain.toReversed()) })
  await pitcrew.line('d49: ready')
  expect(story(pitcrew)).toEqual(names.flatMap((name) => [`${name} started`, `${name} ready`]))
  await end(pitcrew)
  expect(story(pitcrew).slice(100)).toEqual(names.toReversed().map((name) => `${name} stopped`))
})

describe('somebody fails for good', () => {
  const init = { command: sh('[ -e "$PITCREW_STATE_DIR/good" ] || exit 4'), kind: 'job' }
  const signals = { USR1: { restart: ['init'] } }

  test('those after it are not started, nor those after them, and each says so; the others go on', async () => {
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

  test('when it comes back, they are started after all', async () => {
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

  test('who asks for one of them hears why it does not come', async () => {
    const web = { ...long, after: ['init'] }
    const ask = { USR1: { restart: ['web'] } }
    await using pitcrew = new Pitcrew({
      deadline,
      signals: ask,
      daemons: { init, web, other: long },
    })
    await pitcrew.line('web: not started')
    await pitcrew.line('[other] up')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('web: restart (USR1): failed: it needs init, which has failed')
    await end(pitcrew, 4)
  })

  test('with nobody left to wait for, pitcrew ends, with its code', async () => {
    const daemons = { init, web: { ...long, after: ['init'] } }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    expect(await pitcrew.exitCode()).toBe(4)
  })

  test('a main daemon that was never started is no success', async () => {
    const daemons = { init, agent: { ...long, main: true, after: ['init'] }, other: long }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    expect(await pitcrew.exitCode()).not.toBe(0)
    await pitcrew.line('agent: not started: it needs init, which has failed')
  })

  test('optional: those after it are started all the same', async () => {
    const daemons = { init: { ...init, optional: true }, web: { ...long, after: ['init'] } }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    await pitcrew.line('[web] up')
    expect(story(pitcrew)).toEqual(['init started', 'init died', 'web started'])
    await end(pitcrew, 4)
  })

  test('optional: but they wait as long as it may still come', async () => {
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

describe('who is not selected is waited for by nobody', () => {
  test('and those after it are started', async () => {
    const daemons = { db: whenTold, web: { ...long, after: ['db'] } }
    const env = { PITCREW_DAEMONS: 'web' }
    await using pitcrew = new Pitcrew({ deadline, daemons }, { env })
    await pitcrew.line('[web] up')
    await end(pitcrew)
  })
})

describe('TERM comes', () => {
  const never = { ...long, ready: { log: 'never' } }
  test.each([
    [
      'while one waits for another',
      { db: never, web: { ...long, after: ['db'] } },
      'db: started',
      0,
    ],
    [
      'while what it waits for is in its backoff',
      {
        db: { command: sh('echo up; exit 2'), ready: 'fd', restart: { backoff: '1m' } },
        web: { ...long, after: ['db'] },
      },
      'db: died',
      2,
    ],
    [
      'while what it waits for cannot be started',
      {
        db: { command: ['./absent'], restart: { backoff: '1m' } },
        web: { ...long, after: ['db'] },
      },
      'db: cannot start',
      127,
    ],
    [
      'while what it waits for crashes all the time',
      {
        db: { command: sh('exit 2'), ready: 'fd', restart: { backoff: 'none' } },
        web: { ...long, after: ['db'] },
      },
      'db: died',
      null,
    ],
  ])('%s: nothing else is started', async (_, daemons, until, code) => {
    await using pitcrew = new Pitcrew({ deadline, daemons: { a: long, ...daemons } })
    await pitcrew.line('[a] up')
    await pitcrew.line(until)
    await rests(pitcrew)
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
