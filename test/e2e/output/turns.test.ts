/** The contract, Output and Death: the order of lines and events, and fairness among daemons. */
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

/** Waits until the file "go" exists. */
const untilReleased = 'until test -e "$PITCREW_STATE_DIR/go"; do sleep 0.01; done'

function release(pitcrew: Pitcrew): void {
  writeFileSync(join(pitcrew.folder, 'go'), '')
}

test.each([
  ['exits', 'exit 3', 'died: exit code 3'],
  ['is killed', 'kill -KILL $$', 'died: signal KILL'],
])('the last lines of a daemon that %s are printed before its death', async (_, end, death) => {
  const script = `echo up; ${untilReleased}; seq 8000; ${end}`
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script), restart: 'never' } } })
  const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  await pitcrew.line('[a] up')
  // pitcrew sees the lines and the death at the same time.
  process.kill(pitcrew.pid, 'SIGSTOP')
  release(pitcrew)
  await eventually('it is dead', () => stateOf(pid) === 'Z')
  process.kill(pitcrew.pid, 'SIGCONT')
  await pitcrew.exitCode()
  const from = pitcrew.lines.indexOf('[a] 1')
  expect(pitcrew.lines[from + 7999]).toBe('[a] 8000')
  expect(pitcrew.lines[from + 8000]).toContain(`pitcrew: a: ${death}`)
})

test('the last lines of a daemon that is stopped are printed before its end', async () => {
  const script = 'trap "seq 8000; exit" TERM; echo up; while :; do sleep 0.01; done'
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script) } } })
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  const last = pitcrew.lines.indexOf('[a] 8000')
  expect(pitcrew.lines[last + 1]).toContain('pitcrew: a: stopped')
})

test('the last lines are printed before the death also after a stall of stdout', async () => {
  await using pitcrew = new Channel('pipe,paused', {
    daemons: {
      filler: { command: sh('seq 15000; exec sleep 1000') },
      a: {
        command:
          sh(`echo $$ > "$PITCREW_STATE_DIR/pid"; mv "$PITCREW_STATE_DIR/pid" "$PITCREW_STATE_DIR/a"
        ${untilReleased}; echo last line; exit 3`),
        restart: 'never',
      },
    },
  })
  await pitcrew.untilFull()
  await eventually('a has written its pid', () => existsSync(join(pitcrew.folder, 'a')))
  const a = outsidePid(pitcrew, Number(readFileSync(join(pitcrew.folder, 'a'), 'utf8')))
  release(pitcrew)
  await eventually('a is dead and reaped', () => !existsSync(`/proc/${a}`))
  pitcrew.send('resume')
  await pitcrew.line('a: died')
  const at = pitcrew.lines.indexOf('[a] last line')
  expect(pitcrew.lines[at + 1]).toContain('pitcrew: a: died: exit code 3')
})

const flood = sh('exec yes "$(head -c 30000 /dev/zero | tr "\\0" x)"')

test('a flooding daemon delays neither the lines of other daemons nor restarts nor stops', async () => {
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

test('a daemon that closes its output runs on, and pitcrew keeps no pipe for it', async () => {
  const script = `${untilReleased}; exec >&- 2>&-; : > "$PITCREW_STATE_DIR/closed"; exec sleep 1000`
  await using pitcrew = new Pitcrew({ daemons: { a: { command: sh(script) } } })
  const pid = outsidePid(pitcrew, await pidOf(pitcrew, 'a'))
  const pipes = (): number => descriptorsOf(pitcrew).filter((fd) => fd.includes('pipe:')).length
  const before = pipes()
  release(pitcrew)
  await eventually('its pipe is closed', () => pipes() === before - 1)
  expect(isAlive(pid)).toBe(true)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes('died'))).toEqual([])
})

test('output that a foreign process holds open is read for a bounded time only (FAULTS 11)', async () => {
  // b is no process of a's run, so the run is over when a exits; but b holds a's pipe and continues to write.
  const holds = `trap "" PIPE; a=$(cat "$PITCREW_STATE_DIR/a"); exec 3> /proc/$a/fd/1; : > "$PITCREW_STATE_DIR/go"
    while echo outsider >&3; do sleep 0.01; done 2> /dev/null; echo closed; exec sleep 1000`
  await using pitcrew = new Pitcrew({
    daemons: {
      a: {
        command: sh(
          `echo $$ > "$PITCREW_STATE_DIR/a.new"; mv "$PITCREW_STATE_DIR/a.new" "$PITCREW_STATE_DIR/a"; ${untilReleased}`,
        ),
        restart: 'never',
      },
      b: { command: sh(`until test -e "$PITCREW_STATE_DIR/a"; do sleep 0.01; done; ${holds}`) },
    },
  })
  await pitcrew.line('a: died: exit code 0')
  const atDeath = pitcrew.lines.length
  await pitcrew.line('[b] closed')
  expect(pitcrew.lines.slice(atDeath)).toContain('[a] outsider')
})
