/** DESIGN, the contract: Nothing left behind. FAULTS 9 to 11: what a daemon leaves in its group, outside of it, and in
 *  its pipe. Each as PID 1 and as a subreaper. */
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

/** A daemon whose double-forked grandchild is this program. */
function straggling(leader: 'stays' | 'dies', ...program: string[]): string[] {
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

    /** The pid, as this process has it, of the process that printed its own pid behind this word. */
    function pidBehind(pitcrew: Pitcrew, word: string): number {
      const line = outputOf(pitcrew, 'b').find((said) => said.startsWith(`${word} `))
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
      const child = pidBehind(pitcrew, 'child')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(child)).toBe(false)
      await pitcrew.line('b: still there')
      await pitcrew.linesWith('[b] child', 2)
      await endsClean(pitcrew)
    })

    test('a group member that its dead leader left is ended, without a new run', async () => {
      const b = {
        command: sh(`${reports} & read -r _ < /dev/null; sleep 0.05; exit 3`),
        restart: 'never',
        stop: grace,
      }
      await using pitcrew = await started(b, 'b: died: exit code 3')
      await pitcrew.line('[b] got TERM')
      await eventually('it is gone', () => leftoverProcesses(pitcrew).length === (asPid1 ? 2 : 1))
      await endsClean(pitcrew, 3)
    })

    test('a straggler that left group and session is found and ended at a restart', async () => {
      await using pitcrew = await started({ command: straggling('stays', reports) }, '[b] up')
      const straggler = pidBehind(pitcrew, 'up')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(straggler)).toBe(false)
      expect(outputOf(pitcrew, 'b')).toContain('got TERM')
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('a straggler is found and ended after an unasked death', async () => {
      const b = { command: straggling('dies', reports), restart: 'never' }
      await using pitcrew = await started(b, '[b] up')
      await release(pitcrew)
      await pitcrew.line('b: died: exit code 3')
      await pitcrew.line('[b] got TERM')
      await eventually('it is gone', () => leftoverProcesses(pitcrew).length === (asPid1 ? 2 : 1))
      await endsClean(pitcrew, 3)
    })

    test('a straggler is found and ended at the shutdown', async () => {
      await using pitcrew = await started({ command: straggling('stays', reports, '50') }, '[b] up')
      await endsClean(pitcrew)
      expect(outputOf(pitcrew, 'b')).toContain('got TERM')
    })

    test('a straggler that ignores TERM is killed, at a restart and after a death', async () => {
      const b = { command: straggling('stays', ...stubborn), stop: grace }
      await using restarted = await started(b, '[b] up')
      restarted.signal('SIGUSR1')
      await restarted.line('b: still there')
      await restarted.linesWith('[b] up', 2)
      await endsClean(restarted)

      const dying = { command: straggling('dies', ...stubborn), restart: 'never', stop: grace }
      await using died = await started(dying, '[b] up')
      await release(died)
      await died.line('b: still there')
      await endsClean(died, 3)
    })

    test('a death while its rest is ending delays the next run, as well', async () => {
      const command = straggling('dies', reports, '80')
      const b = { command, restart: 'never', stop: { grace: '2s' } }
      await using pitcrew = await started(b, '[b] up')
      const straggler = pidBehind(pitcrew, 'up')
      await release(pitcrew)
      await pitcrew.line('[b] got TERM')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      expect(isAlive(straggler)).toBe(false)
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('stragglers of stragglers, and many of them, are all ended', async () => {
      const nested = `for i in 1 2 3 4 5; do (setsid sh -c '(setsid sleep 1000 &); sleep 1000 & sleep 1000' &); done; sleep 0.1; echo up; exec sleep 1000`
      await using pitcrew = await started({ command: sh(nested) }, '[b] up')
      await eventually('all are there', () => leftoverProcesses(pitcrew).length >= 22)
      pitcrew.signal('SIGUSR1')
      await pitcrew.linesWith('[b] up', 2)
      await eventually('only the new ones are there', () => leftoverProcesses(pitcrew).length <= 23)
      await endsClean(pitcrew)
    })

    test('a straggler of a daemon is not taken for one of its siblings', async () => {
      const daemons = { a: { command: straggling('stays', reports) }, b: long }
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

    test('a member that keeps a zombie in the group does not keep the run from being over', async () => {
      const b = { command: [compileFixture('keeps-zombie')], stop: grace }
      await using pitcrew = await started(b, '[b] up')
      pitcrew.signal('SIGUSR1')
      await pidOf(pitcrew, 'b', 2)
      await pitcrew.linesWith('[b] up', 2)
      await endsClean(pitcrew)
    })

    test('somebody else holds its stdout open: the run is over, and the output lingers for a bounded time', async () => {
      // `a` is not of `b`: it opens the pipe by itself, as a daemon that logs into another one's stdout does.
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
