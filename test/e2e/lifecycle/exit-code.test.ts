/** The contract, Exit code: each clause, and the matching exit-report.json. */
import { expect, test } from 'vitest'
import { compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { outsidePid, pidOf } from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const long = { command: sh('echo up; exec sleep 1000') }

interface Entry {
  readonly name: string
  readonly runs: number
  readonly ended: string | null
  readonly asked: boolean | null
  readonly counted: number
}

/** The same daemons without automatic restarts: each has one run. */
function once(daemons: object): object {
  const entries = Object.entries(daemons) as [string, object][]
  return Object.fromEntries(entries.map(([name, some]) => [name, { ...some, restart: 'never' }]))
}

/** The exit code and the report of a bundle that ends by itself. */
async function codeOf(daemons: object) {
  await using pitcrew = new Pitcrew({ daemons: once(daemons) })
  const code = await pitcrew.exitCode()
  return report(pitcrew, code)
}

/** The exit code and the report after TERM, which is sent once these lines have been printed. */
async function codeAfterTerm(daemons: object, ...lines: string[]) {
  await using pitcrew = new Pitcrew({ daemons: once(daemons) })
  for (const line of lines) await pitcrew.line(line)
  pitcrew.signal('SIGTERM')
  return report(pitcrew, await pitcrew.exitCode())
}

function report(pitcrew: Pitcrew, code: number) {
  const { exitCode, from, daemons } = pitcrew.exitReport() as unknown as {
    exitCode: number
    from: string | null
    daemons: Entry[]
  }
  expect(exitCode).toBe(code)
  return { code, from, of: Object.fromEntries(daemons.map((entry) => [entry.name, entry])) }
}

test('when all daemons have ended, the largest positive code counts', async () => {
  const daemons = {
    a: { command: sh('exit 3') },
    b: { command: sh('exit 9') },
    c: { command: sh('exit 0') },
  }
  const { code, from, of } = await codeOf(daemons)
  expect([code, from]).toEqual([9, 'b'])
  expect(of.a).toMatchObject({ name: 'a', runs: 1, ended: 'code 3', asked: false, counted: 3 })
  expect(of.c).toMatchObject({ name: 'c', runs: 1, ended: 'code 0', asked: false, counted: 0 })
})

test('without a failure the code is zero, and `from` is null', async () => {
  const { code, from } = await codeOf({ a: { command: ['true'] }, b: { command: ['true'] } })
  expect([code, from]).toEqual([0, null])
})

test('an unexpected failure of a last run counts, also when the other daemons were stopped', async () => {
  const { code, from, of } = await codeAfterTerm(
    { a: { command: sh('exit 6') }, b: long },
    'a: died',
    '[b] up',
  )
  expect([code, from]).toEqual([6, 'a'])
  expect(of.b).toEqual({ name: 'b', runs: 1, ended: 'TERM', asked: true, counted: 0 })
})

test('a death by signal counts as zero, whatever sent the signal', async () => {
  const { code, of } = await codeOf({
    a: { command: sh('kill -9 $$') },
    b: { command: sh('kill -SEGV $$') },
  })
  expect(code).toBe(0)
  expect([of.a?.ended, of.a?.counted, of.b?.ended]).toEqual(['KILL', 0, 'SEGV'])
})

test('the code 128 + n of a daemon that was sent signal n counts as zero: 143 after TERM', async () => {
  const { code, of } = await codeAfterTerm({ a: { command: [reports, '0', '143'] } }, '[a] up')
  expect(code).toBe(0)
  expect(of.a).toEqual({ name: 'a', runs: 1, ended: 'code 143', asked: true, counted: 0 })
})

test('the code 128 + n of a daemon that was not sent signal n counts', async () => {
  expect((await codeAfterTerm({ a: { command: [reports, '0', '130'] } }, '[a] up')).code).toBe(130)
  expect((await codeOf({ a: { command: sh('exit 143') } })).code).toBe(143)
})

test('the code 128 + n counts as zero for another stop signal and for a forwarded signal', async () => {
  const quit = { command: [reports, '0', '131', '3'], stop: { signal: 'QUIT' } }
  expect((await codeAfterTerm({ a: quit }, '[a] up')).code).toBe(0)
  const daemons = { a: long, b: { command: [reports, '0', '129', '1'], restart: 'never' } }
  await using pitcrew = new Pitcrew({ signals: { HUP: { forward: ['b'] } }, daemons })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('b: died: exit code 129')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('codes of stop.success count as zero: privoxy exits with 15', async () => {
  const privoxy = [reports, '0', '15']
  expect((await codeAfterTerm({ a: { command: privoxy } }, '[a] up')).code).toBe(15)
  const listed = { command: privoxy, stop: { success: [15, 16] } }
  expect((await codeAfterTerm({ a: listed }, '[a] up')).code).toBe(0)
})

test('a daemon that had to be killed counts as zero', async () => {
  const command = ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`]
  const { code, of } = await codeAfterTerm({ a: { command, stop: { grace: '50ms' } } }, '[a] up')
  expect([code, of.a?.ended]).toEqual([0, 'KILL'])
})

test('a command that does not exist counts as 127, one that cannot be executed as 126', async () => {
  const absent = await codeOf({ a: { command: ['no-such-program'] }, b: { command: ['true'] } })
  expect([absent.code, absent.from]).toEqual([127, 'a'])
  expect(absent.of.a?.ended).toBe('could not start: exec: ENOENT')
  const folder = await codeOf({ a: { command: ['/etc'] } })
  expect([folder.code, folder.of.a?.ended]).toEqual([126, 'could not start: exec: EACCES'])
})

test('only the last run counts: a failure that is followed by a successful run does not', async () => {
  const command = sh(
    '[ -e "$PITCREW_STATE_DIR/again" ] && { echo up; exec sleep 1000; }; : > "$PITCREW_STATE_DIR/again"; exit 7',
  )
  await using pitcrew = new Pitcrew({
    signals: { USR1: { restart: ['b'] } },
    daemons: { a: long, b: { command, restart: 'never' } },
  })
  await pitcrew.line('[a] up')
  await pitcrew.line('b: died: exit code 7')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('[b] up')
  pitcrew.signal('SIGTERM')
  const { code, of } = report(pitcrew, await pitcrew.exitCode())
  expect([code, of.b?.runs, of.b?.ended]).toEqual([0, 2, 'TERM'])
})

test('the end of the main daemon ends pitcrew, and its code takes precedence over larger ones', async () => {
  const daemons = {
    main: { command: sh('sleep 0.05; exit 2'), main: true },
    worse: { command: sh('exit 9') },
    other: { command: [reports] },
  }
  const { code, from, of } = await codeOf(daemons)
  expect([code, from]).toEqual([2, 'main'])
  expect(of.other).toMatchObject({ ended: 'code 0', asked: true })
})

test('a main daemon that exits with 0 is success, whatever the other codes are', async () => {
  const daemons = {
    main: { command: sh('sleep 0.05'), main: true },
    worse: { command: sh('exit 9') },
  }
  const { code, from } = await codeOf(daemons)
  expect([code, from]).toEqual([0, 'main'])
})

test('a main daemon that died by a signal from outside counts as 128 + n', async () => {
  const { code, from } = await codeOf({
    main: { command: sh('kill -9 $$'), main: true },
    other: long,
  })
  expect([code, from]).toEqual([137, 'main'])
})

test('a main daemon that pitcrew stopped counts as zero, by signal or with 143', async () => {
  expect((await codeAfterTerm({ main: { ...long, main: true } }, '[main] up')).code).toBe(0)
  const polite = { command: [reports, '0', '143'], main: true }
  expect((await codeAfterTerm({ main: polite }, '[main] up')).code).toBe(0)
})

test('a main daemon that cannot be started ends pitcrew with 127', async () => {
  const { code, from } = await codeOf({
    other: long,
    main: { command: ['no-such-program'], main: true },
  })
  expect([code, from]).toEqual([127, 'main'])
})

test('a restart of the main daemon does not end pitcrew', async () => {
  await using pitcrew = new Pitcrew({
    signals: { USR1: { restart: ['main'] } },
    daemons: { main: { ...long, main: true } },
  })
  await pitcrew.line('[main] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[main] up', 2)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('a critical daemon that is given up ends pitcrew, and its signal counts as 128 + n', async () => {
  const exits = await codeOf({ a: { command: sh('sleep 0.02; exit 5'), critical: true }, b: long })
  expect([exits.code, exits.from]).toEqual([5, 'a'])
  await using pitcrew = new Pitcrew({ daemons: once({ a: { ...long, critical: true }, b: long }) })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'a')), 'SIGKILL')
  await pitcrew.line('a is critical and is given up: stopping')
  expect(report(pitcrew, await pitcrew.exitCode())).toMatchObject({ code: 137, from: 'a' })
})

test('the exit report is in the folder named after the bundle, and is complete', async () => {
  await using pitcrew = new Pitcrew({
    name: 'agent-sidecars',
    daemons: { a: { command: ['true'], restart: 'never' } },
  })
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.exitReport('agent-sidecars')).toMatchObject({
    exitCode: 0,
    from: null,
    output: { lostBytes: 0, lostLines: 0 },
  })
})

test('an exit report that cannot be written is reported, and does not change the exit code', async () => {
  const env = { PITCREW_STATE_DIR: '/proc/no/such/place' }
  await using pitcrew = new Pitcrew({ daemons: once({ a: { command: sh('exit 3') } }) }, { env })
  expect(await pitcrew.exitCode()).toBe(3)
  expect(pitcrew.errors.join('\n')).toContain(
    'cannot write /proc/no/such/place/pitcrew/exit-report.json',
  )
})
