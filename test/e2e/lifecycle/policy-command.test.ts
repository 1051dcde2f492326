/** DESIGN §6, `onDeath: { command }`: what is run when a daemon has died by itself. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import {
  descriptorsOf,
  eventually,
  leftoverProcesses,
  outputOf,
  outsidePid,
  pidOf,
  processesUnder,
  zombiesUnder,
} from '../support/processes.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] } }
/** One death, and then it stays. */
const diesOnce = sh(`[ -e "$PITCREW_STATE_DIR/again" ] && { echo up; exec sleep 1000; }
  : > "$PITCREW_STATE_DIR/again"; echo one; echo two; printf three; exit 5`)

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

test('it knows who died, why, what the last lines were and what comes next; its output has a prefix of its own', async () => {
  const tells = `echo "$PITCREW_DAEMON, run $PITCREW_RUN, pid $PITCREW_PID: $PITCREW_CAUSE; $PITCREW_NEXT"
    echo "$PITCREW_LAST_LINES" | tr '\\n' '|'; echo; echo "$MINE $(pwd)"; echo on stderr >&2`
  const b = {
    command: diesOnce,
    cwd: '/tmp',
    env: { set: { MINE: 'its environment' } },
    restart: { backoff: 'none' },
    onDeath: { command: sh(tells) },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  const pid = await pidOf(pitcrew, 'b')
  await pitcrew.line('[b:death] on stderr')
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  expect(outputOf(pitcrew, 'b:death')).toEqual([
    `b, run 1, pid ${pid}: code 5; again at once`,
    'one|two|three|',
    'its environment /tmp',
    'on stderr',
  ])
  await end(pitcrew)
  // A stop that was asked for is no death.
  expect(outputOf(pitcrew, 'b:death')).toHaveLength(4)
})

test('whatever the daemon printed at last, its death is told', async () => {
  const prints = String.raw`printf 'nul \000 nul\n\377\376 bad\n\033[31m x=1\n'; exit 4`
  const onDeath = { command: sh('echo "told of $PITCREW_DAEMON"; echo "$PITCREW_LAST_LINES"') }
  const b = { command: sh(prints), restart: 'never', onDeath }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('[b:death] told of b')
  await pitcrew.line('[a] up')
  await end(pitcrew, 4)
  expect(outputOf(pitcrew, 'b:death')).toHaveLength(4)
})

test('it has no descriptor of pitcrew, and more of the last lines than fit is left out at the front', async () => {
  const shows = sh(
    'ls /proc/self/fd | tr "\\n" " "; echo; echo "$PITCREW_LAST_LINES" | tail -c 4; echo "$PITCREW_LAST_LINES" | wc -c',
  )
  const b = {
    command: sh('head -c 300000 /dev/zero | tr "\\0" y; echo end; exit 4'),
    restart: 'never',
    onDeath: { command: shows },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.linesWith('[b:death]', 3)
  await pitcrew.line('[a] up')
  await end(pitcrew, 4)
  const [fds, tail, bytes] = outputOf(pitcrew, 'b:death')
  expect(fds).toBe('0 1 2 3 ') // The folder itself, which ls reads.
  expect(tail).toBe('end')
  expect(Number(bytes)).toBeLessThan(20_000)
})

test('one for the whole bundle is run for each daemon that says nothing of its own', async () => {
  const says = (word: string) => ({ command: sh(`echo ${word} $PITCREW_DAEMON`) })
  const dies = { command: sh('exit 1'), restart: 'never' }
  const daemons = {
    a: long,
    b: dies,
    c: { ...dies, onDeath: says('own') },
    d: { ...dies, onDeath: 'none' },
  }
  await using pitcrew = new Pitcrew({ onDeath: says('common'), daemons })
  await pitcrew.line('[b:death] common b')
  await pitcrew.line('[c:death] own c')
  await pitcrew.linesWith(': died', 3)
  await pitcrew.line('[a] up')
  await end(pitcrew, 1)
  expect(outputOf(pitcrew, 'd:death')).toEqual([])
})

test('the next run does not wait for it; a death meanwhile is told without it, which is said', async () => {
  const onDeath = { command: sh('echo begun; exec sleep 1000') }
  const b = { ...long, restart: { backoff: 'none' }, onDeath }
  await using pitcrew = new Pitcrew({ deadline: '500ms', daemons: { b } })
  for (let run = 1; run <= 2; run++) {
    await pitcrew.linesWith('[b] up', run)
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'b', run)), 'SIGKILL')
    if (run === 1) await pitcrew.line('[b:death] begun')
  }
  await pitcrew.line('b:death: not run: the one before is not over')
  await pitcrew.linesWith('[b] up', 3)
  await end(pitcrew)
})

test.each([true, false])(
  'one that hangs is killed with its whole tree before the deadline (PID 1: %s)',
  async (asPid1) => {
    const hangs = `trap '' TERM; setsid sh -c "trap '' TERM; echo child; exec sleep 1000" & echo begun; wait; wait`
    const b = { command: sh('exit 5'), restart: 'never', onDeath: { command: sh(hangs) } }
    await using pitcrew = new Pitcrew({ deadline: '600ms', daemons: { a: long, b } }, { asPid1 })
    await pitcrew.line('[a] up')
    await pitcrew.line('[b:death] begun')
    await pitcrew.line('[b:death] child')
    const beganAtMs = performance.now()
    await end(pitcrew, 5)
    expect(performance.now() - beganAtMs).toBeLessThan(600)
    await eventually('nothing is left', () => leftoverProcesses(pitcrew).length === 0)
  },
)

test('the end of everything waits for it: its word may be the only one', async () => {
  const tells = sh('sleep 0.2; echo "told of $PITCREW_CAUSE"')
  const agent = { command: sh('exit 7'), main: true, onDeath: { command: tells } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, agent } })
  expect(await pitcrew.exitCode()).toBe(7)
  expect(pitcrew.lines.at(-1)).toBe('[agent:death] told of code 7')
})

test('thirty of them leave no descriptor and no zombie', async () => {
  const b = { command: sh('exit 5'), onDeath: { command: sh('echo told') } }
  const restart = { backoff: { initial: '5ms', max: '5ms' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { ...b, restart } } })
  await pitcrew.line('[a] up')
  await pitcrew.linesWith('b: died', 5)
  const before = descriptorsOf(pitcrew).length
  await pitcrew.linesWith('[b:death] told', 30)
  // Its pipe and that of its command come and go.
  await eventually('it is as it was', () => descriptorsOf(pitcrew).length <= before)
  await eventually('no zombie is there', () => zombiesUnder(pitcrew).length === 0)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
})

test('one that fails or cannot be run is a line in the log, and no more', async () => {
  const dies = { command: sh('exit 5'), restart: 'never' }
  const daemons = {
    a: long,
    b: { ...dies, onDeath: { command: ['false'] } },
    c: { ...dies, onDeath: { command: ['./absent'] } },
  }
  await using pitcrew = new Pitcrew({ daemons })
  await pitcrew.line('b:death: failed')
  await pitcrew.line(/c:death: not run: .*ENOENT/)
  await pitcrew.line('[a] up')
  await end(pitcrew, 5)
})

test('what it leaves behind is ended with it', async () => {
  const onDeath = { command: sh('setsid sleep 1000 & sleep 1000 & echo told') }
  const b = { command: diesOnce, restart: { backoff: 'none' }, onDeath }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b:death] told')
  await pitcrew.line('[b] up')
  await eventually('only the daemons are there', () => processesUnder(pitcrew).length === 2)
  await end(pitcrew)
})
