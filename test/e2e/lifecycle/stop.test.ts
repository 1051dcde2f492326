/** The contract, Stop: one stop signal to the leader; at half of the grace, or when the leader
 *  has exited, the same to the rest of the tree; KILL to the whole tree at the end. FAULTS 38. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSanitized } from '../support/cost.ts'
import { canUnshare, compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  eventually,
  isAlive,
  leftoverProcesses,
  outputOf,
  outsidePid,
  pidOf,
  processesUnder,
  stateOf,
} from '../support/processes.ts'

const drains = compileFixture('drains')
const reports = compileFixture('reports-signals')
const ignoresTerm = compileFixture('ignores-term')
const hasStrace = spawnSync('strace', ['--version']).status === 0

describe.concurrent.each(canUnshare ? ['PID 1', 'a subreaper'] : ['a subreaper'])(
  'as %s',
  (mode) => {
    const asPid1 = mode === 'PID 1'

    test('a leader that drains for longer than half of its grace gets no second TERM', async () => {
      const a = { command: [drains, '2300'], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(outputOf(pitcrew, 'a')).toEqual(['up', 'draining', 'drained'])
    })

    test('a child with a session of its own gets the stop signal at half of the grace, not KILL', async () => {
      const a = { command: [drains, '2300', 'worker'], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      await pitcrew.line('[a] worker up')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      const printed = outputOf(pitcrew, 'a')
      expect(printed.indexOf('worker got TERM')).toBeGreaterThan(printed.indexOf('draining'))
      expect(printed.indexOf('worker got TERM')).toBeLessThan(printed.indexOf('drained'))
      expect(printed).toHaveLength(5)
    })

    test('each member of the group gets the stop signal once, at half of the grace', async () => {
      const group = `trap '' TERM; ${reports} 600 & echo $!; exec ${drains} 2300`
      const a = { command: sh(group), stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.linesWith('[a] up', 2)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      const printed = outputOf(pitcrew, 'a')
      expect(printed.filter((line) => line === 'got TERM')).toHaveLength(1)
      expect(printed).toContain('drained')
    })

    test('a forwarded signal does not continue a suspended daemon', async () => {
      const signals = { USR1: { forward: ['a'] } }
      const a = { command: [reports], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ signals, daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
      process.kill(pid, 'SIGSTOP')
      await eventually('it is suspended', () => stateOf(pid) === 'T')
      pitcrew.signal('SIGUSR1')
      await pitcrew.line('a: USR1 forwarded')
      // CONT would have been sent by the same call.
      expect(stateOf(pid)).toBe('T')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(outputOf(pitcrew, 'a')).toContain('got TERM')
    })

    test('a descendant that has lost its mark and left its session is ended with its daemon', async () => {
      // The mark is reset as pam_limits does it; then the process leaves its session.
      const escapes = `prlimit --rss=unlimited setsid sh -c 'echo escaped $$; exec sleep 1000' & echo up; wait`
      const signals = { USR1: { restart: ['a'] } }
      await using pitcrew = new Pitcrew(
        { signals, daemons: { a: { command: sh(escapes) } } },
        { asPid1 },
      )
      await pitcrew.line('[a] up')
      await pitcrew.line('[a] escaped')
      const inside = Number(
        outputOf(pitcrew, 'a')
          .find((line) => line.startsWith('escaped'))
          ?.split(' ')[1],
      )
      const escapee = outsidePid(pitcrew, inside)
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'a', 2)
      expect(isAlive(escapee)).toBe(false)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(leftoverProcesses(pitcrew)).toEqual([])
    })

    test('a process that cannot be attributed to a run is logged at a restart, and ends with pitcrew', async () => {
      const orphan = `prlimit --rss=unlimited setsid sh ${fixtures}/hostile/hostile-orphan.sh $PPID sh -c 'echo lost; exec sleep 1000'`
      const signals = { USR1: { restart: ['a'] } }
      const a = { command: sh(`(${orphan} &); echo up; exec sleep 1000`) }
      await using pitcrew = new Pitcrew({ signals, daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] lost')
      pitcrew.signal('SIGUSR1')
      await pitcrew.line(/processes of no known daemon: pid \d+ \(\w+\); they end with pitcrew/)
      await pitcrew.linesWith('[a] lost', 2)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(leftoverProcesses(pitcrew)).toEqual([])
    })

    test.skipIf(process.getuid?.() !== 0)(
      'no process of `su` and of a session that it started is left',
      async () => {
        const words = `exec su nobody -s /bin/sh -c 'setsid sleep 44 & echo up; exec sleep 55'`
        const signals = { USR1: { restart: ['a'] } }
        await using pitcrew = new Pitcrew(
          { signals, daemons: { a: { command: sh(words) } } },
          { asPid1 },
        )
        await pitcrew.line('[a] up')
        const sleeps = (): number =>
          processesUnder(pitcrew).filter(({ name }) => name === 'sleep').length
        await eventually('both are running', () => sleeps() === 2)
        pitcrew.signal('SIGUSR1')
        await pitcrew.linesWith('[a] up', 2)
        await eventually('only the new ones are running', () => sleeps() === 2)
        pitcrew.signal('SIGTERM')
        await pitcrew.exitCode()
        expect(leftoverProcesses(pitcrew)).toEqual([])
      },
    )
  },
)

function manyThatIgnoreTerm(count: number): Record<string, object> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `d${n}`,
      { command: [ignoresTerm], stop: { grace: '2s' } },
    ]),
  )
}

describe.skipIf(isSanitized)('daemons that ignore TERM', () => {
  test('are all killed within the deadline, a thousand of them', { timeout: 60_000 }, async () => {
    const bundle = { deadline: '30s', daemons: manyThatIgnoreTerm(1000) }
    await using pitcrew = new Pitcrew(bundle, { asPid1: false })
    for (const up of [250, 500, 750, 1000]) await pitcrew.linesWith('] up', up)
    const beganMs = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(13_000)
    expect(pitcrew.lines.join('\n')).not.toContain('deadline reached')
    expect(leftoverProcesses(pitcrew)).toEqual([])
  })

  test.skipIf(!hasStrace)('share a few scans of /proc, two hundred of them', async () => {
    const file = join(tmpdir(), `pitcrew-scans-${process.pid}`)
    const via = ['strace', '-qq', '-e', 'trace=openat', '-e', 'signal=none', '-o', file]
    const bundle = { deadline: '3s', daemons: manyThatIgnoreTerm(200) }
    await using pitcrew = new Pitcrew(bundle, { asPid1: false, via })
    await pitcrew.linesWith('] up', 200)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    const scans = readFileSync(file, 'utf8').match(/"\/proc", /g)?.length ?? 0
    rmSync(file)
    expect(scans).toBeGreaterThan(0) // Otherwise strace counted nothing.
    expect(scans).toBeLessThan(40)
  })
})

/** Additions to epoll sets at boot: signals, pipes, the parser and its end, clients, the socket,
 *  the daemon's pipe. */
const watchesAtBoot = 7
/** Lets the kernel refuse the additions number `from` and `from + 1` for lack of memory.
 *  Removals must not fail: they never do in reality, and a sanitizer would report what is freed. */
const failing = (from: number): string[] => [
  'strace',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'trace=epoll_ctl',
  '-e',
  'signal=none',
  '-e',
  `inject=epoll_ctl:error=ENOSPC:when=${from}..${from + 1}`,
]

test.skipIf(!hasStrace || isSanitized)(
  'a run ends although a process that left its group cannot be watched',
  async () => {
    const command = sh(`(setsid ${reports} &); exec sleep 1000`)
    const bundle = { deadline: '4s', daemons: { a: { command } } }
    await using pitcrew = new Pitcrew(bundle, { asPid1: false, via: failing(watchesAtBoot + 1) })
    await pitcrew.line('[a] up')
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(outputOf(pitcrew, 'a')).toContain('got TERM')
    expect(pitcrew.lines.join('\n')).not.toContain('deadline reached')
    expect(leftoverProcesses(pitcrew)).toEqual([])
  },
)
