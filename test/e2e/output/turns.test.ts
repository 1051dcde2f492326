/** The contract, "Output" and "Death": who is heard when. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Channel } from '../support/channel.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  isAlive,
  outsidePid,
  pidOf,
  stateOf,
} from '../support/processes.ts'

/** Waits until the test makes this file in the state folder. */
const untilTold = 'until test -e "$PITCREW_STATE_DIR/go"; do sleep 0.01; done'

function tell(pitcrew: Pitcrew): void {
  writeFileSync(join(pitcrew.folder, 'go'), '')
}

test.each([
  ['exits', 'exit 3', 'died: exit code 3'],
  ['is killed', 'kill -KILL $$', 'died: signal KILL'],
])('the last lines of a daemon that %s come before its death is told', async (_, end, told) => {
  const script = `echo up; ${untilTold}; seq 8000; ${end}`
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script), restart: 'never' } } })
  const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  await pitcrew.line('[a] up')
  // pitcrew sees the lines and the death in the same moment.
  process.kill(pitcrew.pid, 'SIGSTOP')
  tell(pitcrew)
  await eventually('it is dead', () => stateOf(pid) === 'Z')
  process.kill(pitcrew.pid, 'SIGCONT')
  await pitcrew.exitCode()
  const from = pitcrew.lines.indexOf('[a] 1')
  expect(pitcrew.lines[from + 7999]).toBe('[a] 8000')
  expect(pitcrew.lines[from + 8000]).toContain(`pitcrew: a: ${told}`)
})

test('the last words of a daemon that is stopped come before its end is told', async () => {
  const script = 'trap "seq 8000; exit" TERM; echo up; while :; do sleep 0.01; done'
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script) } } })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const last = pitcrew.lines.indexOf('[a] 8000')
  expect(pitcrew.lines[last + 1]).toContain('pitcrew: a: stopped')
})

test('nobody reads for a while: last words still come before the death', async () => {
  await using pitcrew = new Channel('pipe,paused', {
    daemons: {
      filler: { command: sh('seq 15000; exec sleep 1000') },
      a: {
        command:
          sh(`echo $$ > "$PITCREW_STATE_DIR/pid"; mv "$PITCREW_STATE_DIR/pid" "$PITCREW_STATE_DIR/a"
        ${untilTold}; echo last words; exit 3`),
        restart: 'never',
      },
    },
  })
  await pitcrew.untilFull()
  await eventually('a has said its pid', () => existsSync(join(pitcrew.folder, 'a')))
  const a = outsidePid(pitcrew, Number(readFileSync(join(pitcrew.folder, 'a'), 'utf8')))
  tell(pitcrew)
  await eventually('a is dead and reaped', () => !existsSync(`/proc/${a}`))
  pitcrew.send('resume')
  await pitcrew.line('a: died')
  const at = pitcrew.lines.indexOf('[a] last words')
  expect(pitcrew.lines[at + 1]).toContain('pitcrew: a: died: exit code 3')
})

const flood = sh('exec yes "$(head -c 30000 /dev/zero | tr "\\0" x)"')

test('a flooding daemon keeps nobody from being heard, and delays no restart and no stop', async () => {
  await using pitcrew = new Pitcrew({
    signals: { USR1: { restart: ['quiet'] } },
    daemons: {
      flood: { command: flood },
      flood2: { command: flood },
      quiet: {
        command: sh('for i in 1 2 3 4 5 6 7 8 9; do echo hello; sleep 0.01; done; exec sleep 1000'),
      },
    },
  })
  await pitcrew.linesWith('[quiet] hello', 9)
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('quiet: restart (USR1): done')
  await pitcrew.linesWith('[quiet] hello', 18)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const strange = pitcrew.lines.filter(
    (line) => !/^(\[flood2?\] x{1,30000}$|\[quiet\] hello$|pitcrew: )/.test(line),
  )
  expect(strange.map((line) => line.slice(0, 100))).toEqual([])
})

test('a daemon that closes its output lives on, and pitcrew keeps no pipe for it', async () => {
  const script = `${untilTold}; exec >&- 2>&-; : > "$PITCREW_STATE_DIR/closed"; exec sleep 1000`
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script) } } })
  const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  const pipes = (): number => descriptorsOf(pitcrew).filter((fd) => fd.includes('pipe:')).length
  const before = pipes()
  tell(pitcrew)
  await eventually('its pipe is closed', () => pipes() === before - 1)
  expect(isAlive(pid)).toBe(true)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes('died'))).toEqual([])
})

test('the output that somebody else holds open lingers for a bounded time (FAULTS 11)', async () => {
  // b is no process of a's run, so the run is over when a is; but b has a's pipe, and goes on writing.
  const holds = `trap "" PIPE; a=$(cat "$PITCREW_STATE_DIR/a"); exec 3> /proc/$a/fd/1; : > "$PITCREW_STATE_DIR/go"
    while echo outsider >&3; do sleep 0.01; done 2> /dev/null; echo cut off; exec sleep 1000`
  await using pitcrew = new Pitcrew({
    daemons: {
      a: {
        command: sh(
          `echo $$ > "$PITCREW_STATE_DIR/a.new"; mv "$PITCREW_STATE_DIR/a.new" "$PITCREW_STATE_DIR/a"; ${untilTold}`,
        ),
        restart: 'never',
      },
      b: { command: sh(`until test -e "$PITCREW_STATE_DIR/a"; do sleep 0.01; done; ${holds}`) },
    },
  })
  await pitcrew.line('a: died: exit code 0')
  const told = pitcrew.lines.length
  await pitcrew.line('[b] cut off')
  expect(pitcrew.lines.slice(told)).toContain('[a] outsider')
})
