/** DESIGN, the contract: Stop. One stop signal to the leader; at half of the grace, or when the leader is gone, the
 *  same to everything else of the tree; KILL to all of it at the end. FAULTS 38. */
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
const stubborn = compileFixture('ignores-term')
const hasStrace = spawnSync('strace', ['--version']).status === 0

describe.concurrent.each(canUnshare ? ['PID 1', 'a subreaper'] : ['a subreaper'])(
  'as %s',
  (mode) => {
    const asPid1 = mode === 'PID 1'

    test('a program that drains for longer than half of its grace gets no second TERM', async () => {
      const a = { command: [drains, '2300'], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(outputOf(pitcrew, 'a')).toEqual(['up', 'draining', 'drained'])
    })

    test('a child with a session of its own hears the stop signal at half of the grace, not KILL', async () => {
      const a = { command: [drains, '2300', 'worker'], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      await pitcrew.line('[a] worker up')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      const said = outputOf(pitcrew, 'a')
      expect(said.indexOf('worker got TERM')).toBeGreaterThan(said.indexOf('draining'))
      expect(said.indexOf('worker got TERM')).toBeLessThan(said.indexOf('drained'))
      expect(said).toHaveLength(5)
    })

    test('at half of the grace the members of the group hear it, and each once', async () => {
      const group = `trap '' TERM; ${reports} 600 & echo $!; exec ${drains} 2300`
      const a = { command: sh(group), stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ daemons: { a } }, { asPid1 })
      await pitcrew.linesWith('[a] up', 2)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      const said = outputOf(pitcrew, 'a')
      expect(said.filter((line) => line === 'got TERM')).toHaveLength(1)
      expect(said).toContain('drained')
    })

    test('a forwarded signal does not continue a daemon that is stopped', async () => {
      const signals = { USR1: { forward: ['a'] } }
      const a = { command: [reports], stop: { grace: '3s' } }
      await using pitcrew = new Pitcrew({ signals, daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] up')
      const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
      process.kill(pid, 'SIGSTOP')
      await eventually('it is stopped', () => stateOf(pid) === 'T')
      pitcrew.signal('SIGUSR1')
      await pitcrew.line('a: USR1 forwarded')
      // It would have been continued by the same call.
      expect(stateOf(pid)).toBe('T')
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(outputOf(pitcrew, 'a')).toContain('got TERM')
    })

    test('what descends from a leader and has lost its mark and its session is ended with it', async () => {
      // As pam_limits does it: the mark is reset, then the session is left.
      const sheds = `prlimit --rss=unlimited setsid sh -c 'echo shed $$; exec sleep 1000' & echo up; wait`
      const signals = { USR1: { restart: ['a'] } }
      await using pitcrew = new Pitcrew(
        { signals, daemons: { a: { command: sh(sheds) } } },
        { asPid1 },
      )
      await pitcrew.line('[a] up')
      await pitcrew.line('[a] shed')
      const inside = Number(
        outputOf(pitcrew, 'a')
          .find((line) => line.startsWith('shed'))
          ?.split(' ')[1],
      )
      const shed = outsidePid(pitcrew, inside)
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'a', 2)
      expect(isAlive(shed)).toBe(false)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(leftoverProcesses(pitcrew)).toEqual([])
    })

    test('what cannot be attributed is named at a restart, and ends with pitcrew', async () => {
      const orphan = `prlimit --rss=unlimited setsid sh ${fixtures}/hostile/hostile-orphan.sh $PPID sh -c 'echo lost; exec sleep 1000'`
      const signals = { USR1: { restart: ['a'] } }
      const a = { command: sh(`(${orphan} &); echo up; exec sleep 1000`) }
      await using pitcrew = new Pitcrew({ signals, daemons: { a } }, { asPid1 })
      await pitcrew.line('[a] lost')
      pitcrew.signal('SIGUSR1')
      await pitcrew.line(/of no daemon that is known: pid \d+ \(\w+\); ended with pitcrew/)
      await pitcrew.linesWith('[a] lost', 2)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      expect(leftoverProcesses(pitcrew)).toEqual([])
    })

    test.skipIf(process.getuid?.() !== 0)(
      'su with a session of its own: nothing is left of it',
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
        await eventually('both are there', () => sleeps() === 2)
        pitcrew.signal('SIGUSR1')
        await pitcrew.linesWith('[a] up', 2)
        await eventually('no more than both are there', () => sleeps() === 2)
        pitcrew.signal('SIGTERM')
        await pitcrew.exitCode()
        expect(leftoverProcesses(pitcrew)).toEqual([])
      },
    )
  },
)

function manyStubborn(count: number): Record<string, object> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `d${n}`,
      { command: [stubborn], stop: { grace: '2s' } },
    ]),
  )
}

describe.skipIf(isSanitized)('daemons that ignore TERM', () => {
  test('a thousand of them are all killed within the deadline', { timeout: 60_000 }, async () => {
    const bundle = { deadline: '30s', daemons: manyStubborn(1000) }
    await using pitcrew = new Pitcrew(bundle, { asPid1: false })
    for (const up of [250, 500, 750, 1000]) await pitcrew.linesWith('] up', up)
    const beganMs = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(13_000)
    expect(pitcrew.lines.join('\n')).not.toContain('the deadline has come')
    expect(leftoverProcesses(pitcrew)).toEqual([])
  })

  test.skipIf(!hasStrace)(
    'two hundred of them cost a few scans of /proc, not one each',
    async () => {
      const file = join(tmpdir(), `pitcrew-scans-${process.pid}`)
      const via = ['strace', '-qq', '-e', 'trace=openat', '-e', 'signal=none', '-o', file]
      const bundle = { deadline: '3s', daemons: manyStubborn(200) }
      await using pitcrew = new Pitcrew(bundle, { asPid1: false, via })
      await pitcrew.linesWith('] up', 200)
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(0)
      const scans = readFileSync(file, 'utf8').match(/"\/proc", /g)?.length ?? 0
      rmSync(file)
      expect(scans).toBeGreaterThan(0) // Or nothing was counted.
      expect(scans).toBeLessThan(40)
    },
  )
})

/** Signals, pipes, the parser and its end, clients, the socket, the daemon's pipe. */
const watchesAtBoot = 7
/** The kernel has no memory for what is to be watched, from the so many-th time on, twice. It must not refuse to end a
 *  watch: the real one never does, and what is freed would be reported. */
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
  'a run ends, also where what left its group cannot be watched',
  async () => {
    const command = sh(`(setsid ${reports} &); exec sleep 1000`)
    const bundle = { deadline: '4s', daemons: { a: { command } } }
    await using pitcrew = new Pitcrew(bundle, { asPid1: false, via: failing(watchesAtBoot + 1) })
    await pitcrew.line('[a] up')
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(outputOf(pitcrew, 'a')).toContain('got TERM')
    expect(pitcrew.lines.join('\n')).not.toContain('the deadline has come')
    expect(leftoverProcesses(pitcrew)).toEqual([])
  },
)
