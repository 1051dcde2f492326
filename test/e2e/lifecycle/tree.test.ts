/** The contract, Nothing left behind. FAULTS 9 to 11: processes that a daemon leaves in its
 *  group and outside it, and writers of its pipe. An escapee is a process that has left the
 *  group and the session of its daemon. */
import { describe, expect, test } from 'vitest'
import { canUnshare, compileFixture, fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  isAlive,
  leftoverProcesses,
  outputOf,
  outsidePid,
  pidOf,
  pidsOf,
  release,
} from '../support/processes.ts'

const reports = compileFixture('reports-signals')
const stubborn = ['/bin/sh', `${fixtures}/scripts/ignores-term.sh`]
const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] } }
const grace = { grace: '100ms' }

/** The command of a daemon with a grandchild, this program, that escapes by a double fork. */
function leavesEscapee(leader: 'stays' | 'dies', ...program: string[]): string[] {
  return ['/bin/sh', `${fixtures}/scripts/leaves-escapee.sh`, leader, ...program]
}

describe.concurrent.each(canUnshare ? ['PID 1', 'a subreaper'] : ['a subreaper'])(
  'as %s',
  (mode) => {
    const asPid1 = mode === 'PID 1'

    async function started(b: object, up: string): Promise<Pitcrew> {
      const pitcrew = new Pitcrew({ signals, daemons: { a: long, b } }, { asPid1 })
      await pitcrew.line('[a] up')
      await pitcrew.line(up)
      return pitcrew
    }

    /** The pid, in the test's namespace, of the process that printed this word and its pid. */
    function pidPrintedAfter(pitcrew: Pitcrew, word: string): number {
      const line = outputOf(pitcrew, 'b').find((printed) => printed.startsWith(`${word} `))
      return outsidePid(pitcrew, Number(line?.split(' ')[1]))
    }

    async function endsClean(pitcrew: Pitcrew, code = 0): Promise<void> {
      pitcrew.signal('SIGTERM')
      expect(await pitcrew.exitCode()).toBe(code)
      expect(leftoverProcesses(pitcrew)).toEqual([])
    }

    test('a group member that ignores TERM is killed before the next run', async () => {
      const b = {
        command: ['/bin/sh', `${fixtures}/scripts/leaves-stubborn-child.sh`],
        stop: grace,
      }
      await using pitcrew = await started(b, '[b] child')
      const child = pidPrintedAfter(pitcrew, 'child')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(child)).toBe(false)
      await pitcrew.line('b: still running')
      await pitcrew.linesWith('[b] child', 2)
      await endsClean(pitcrew)
    })

    test('a group member that outlives its leader is ended, also without a new run', async () => {
      const b = {
        command: sh(`${reports} & read -r _ < /dev/null; sleep 0.05; exit 3`),
        restart: 'never',
        stop: grace,
      }
      await using pitcrew = await started(b, 'b: died: exit code 3')
      await pitcrew.line('[b] got TERM')
      await eventually('it has ended', () => leftoverProcesses(pitcrew).length === (asPid1 ? 2 : 1))
      await endsClean(pitcrew, 3)
    })

    test('an escapee is ended at a restart', async () => {
      await using pitcrew = await started({ command: leavesEscapee('stays', reports) }, '[b] up')
      const escapee = pidPrintedAfter(pitcrew, 'up')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(escapee)).toBe(false)
      expect(outputOf(pitcrew, 'b')).toContain('got TERM')
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('an escapee is ended after an unexpected death', async () => {
      const b = { command: leavesEscapee('dies', reports), restart: 'never' }
      await using pitcrew = await started(b, '[b] up')
      await release(pitcrew)
      await pitcrew.line('b: died: exit code 3')
      await pitcrew.line('[b] got TERM')
      await eventually('it has ended', () => leftoverProcesses(pitcrew).length === (asPid1 ? 2 : 1))
      await endsClean(pitcrew, 3)
    })

    test('an escapee is ended at the shutdown', async () => {
      await using pitcrew = await started(
        { command: leavesEscapee('stays', reports, '50') },
        '[b] up',
      )
      await endsClean(pitcrew)
      expect(outputOf(pitcrew, 'b')).toContain('got TERM')
    })

    test('an escapee that ignores TERM is killed, at a restart and after a death', async () => {
      const b = { command: leavesEscapee('stays', ...stubborn), stop: grace }
      await using restarted = await started(b, '[b] up')
      restarted.signal('SIGUSR1')
      await restarted.line('b: still running')
      await restarted.linesWith('[b] up', 2)
      await endsClean(restarted)

      const dying = { command: leavesEscapee('dies', ...stubborn), restart: 'never', stop: grace }
      await using died = await started(dying, '[b] up')
      await release(died)
      await died.line('b: still running')
      await endsClean(died, 3)
    })

    test('the next run waits until the escapee of a dead run has ended', async () => {
      const command = leavesEscapee('dies', reports, '80')
      const b = { command, restart: 'never', stop: { grace: '2s' } }
      await using pitcrew = await started(b, '[b] up')
      const escapee = pidPrintedAfter(pitcrew, 'up')
      await release(pitcrew)
      await pitcrew.line('[b] got TERM')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(escapee)).toBe(false)
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('many escapees, and escapees of escapees, are all ended', async () => {
      const nested = `for i in 1 2 3 4 5; do (setsid sh -c '(setsid sleep 1000 &); sleep 1000 & sleep 1000' &); done; sleep 0.1; echo up; exec sleep 1000`
      await using pitcrew = await started({ command: sh(nested) }, '[b] up')
      await eventually('all are running', () => leftoverProcesses(pitcrew).length >= 22)
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[b] up', 2)
      await eventually('only the new ones are left', () => leftoverProcesses(pitcrew).length <= 23)
      await endsClean(pitcrew)
    })

    test('the escapee of one daemon is not attributed to another', async () => {
      const daemons = { a: { command: leavesEscapee('stays', reports) }, b: long }
      await using pitcrew = new Pitcrew({ signals, daemons }, { asPid1 })
      await pitcrew.line('[a] up')
      await pitcrew.line('[b] up')
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[b] up', 2)
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[b] up', 3)
      expect(outputOf(pitcrew, 'a')).toHaveLength(1)
      expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
      await endsClean(pitcrew)
    })

    test('a run is over although its group contains a zombie that is never reaped', async () => {
      const b = { command: [compileFixture('keeps-zombie')], stop: grace }
      await using pitcrew = await started(b, '[b] up')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('a run is over although another daemon holds its stdout open; the pipe is closed after a bounded time', async () => {
      // `a` is no process of `b`: it opens the pipe itself, as a daemon that logs to the stdout of another one does.
      const holds =
        'until read -r pid < "$PITCREW_STATE_DIR/pid"; do sleep 0.01; done 2> /dev/null; exec 3> /proc/$pid/fd/1; echo held >&3; exec sleep 1000'
      const daemons = {
        b: {
          command: sh(
            'echo $$ > "$PITCREW_STATE_DIR/pid.new"; mv "$PITCREW_STATE_DIR/pid.new" "$PITCREW_STATE_DIR/pid"; echo up; exec sleep 1000',
          ),
        },
        a: { command: sh(holds) },
      }
      await using pitcrew = new Pitcrew({ signals, daemons }, { asPid1 })
      await pitcrew.line('[b] up')
      await pitcrew.line('[b] held')
      const pipes = descriptorsOf(pitcrew).length
      const beganMs = performance.now()
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[b] up', 2)
      expect(performance.now() - beganMs).toBeLessThan(900)
      expect(descriptorsOf(pitcrew).length).toBe(pipes + 1)
      await eventually('the old pipe is closed', () => descriptorsOf(pitcrew).length === pipes)
      expect(performance.now() - beganMs).toBeLessThan(3000)
      await endsClean(pitcrew)
    })
  },
)
