/** `onDeath: { command }` runs when a daemon has died unexpectedly. */
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
/** Dies once; the next run stays up. */
const diesOnce = sh(`[ -e "$PITCREW_STATE_DIR/again" ] && { echo up; exec sleep 1000; }
  : > "$PITCREW_STATE_DIR/again"; echo one; echo two; printf three; exit 5`)

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

test('an onDeath command gets the daemon, the cause, the last lines and what follows; its output has a prefix of its own', async () => {
  const report = `echo "$PITCREW_DAEMON, run $PITCREW_RUN, pid $PITCREW_PID: $PITCREW_CAUSE; $PITCREW_NEXT"
    echo "$PITCREW_LAST_LINES" | tr '\\n' '|'; echo; echo "$MINE $(pwd)"; echo on stderr >&2`
  const b = {
    command: diesOnce,
    cwd: '/tmp',
    env: { set: { MINE: 'its environment' } },
    restart: { backoff: 'none' },
    onDeath: { command: sh(report) },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  const pid = await pidOf(pitcrew, 'b')
  await pitcrew.line('[b:death] on stderr')
  await pitcrew.line('[a] up')
  await pitcrew.line('[b] up')
  expect(outputOf(pitcrew, 'b:death')).toEqual([
    `b, run 1, pid ${pid}: code 5; restarting at once`,
    'one|two|three|',
    'its environment /tmp',
    'on stderr',
  ])
  await end(pitcrew)
  // A requested stop is no death.
  expect(outputOf(pitcrew, 'b:death')).toHaveLength(4)
})

test('an onDeath command runs whatever bytes the daemon printed last', async () => {
  const prints = String.raw`printf 'nul \000 nul\n\377\376 bad\n\033[31m x=1\n'; exit 4`
  const onDeath = { command: sh('echo "death of $PITCREW_DAEMON"; echo "$PITCREW_LAST_LINES"') }
  const b = { command: sh(prints), restart: 'never', onDeath }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.line('[b:death] death of b')
  await pitcrew.line('[a] up')
  await end(pitcrew, 4)
  expect(outputOf(pitcrew, 'b:death')).toHaveLength(4)
})

test('an onDeath command inherits no descriptor of pitcrew, and gets as many of the last bytes as fit', async () => {
  const report = sh(
    'ls /proc/self/fd | tr "\\n" " "; echo; echo "$PITCREW_LAST_LINES" | tail -c 4; echo "$PITCREW_LAST_LINES" | wc -c',
  )
  const b = {
    command: sh('head -c 300000 /dev/zero | tr "\\0" y; echo end; exit 4'),
    restart: 'never',
    onDeath: { command: report },
  }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
  await pitcrew.linesWith('[b:death]', 3)
  await pitcrew.line('[a] up')
  await end(pitcrew, 4)
  const [fds, tail, bytes] = outputOf(pitcrew, 'b:death')
  expect(fds).toBe('0 1 2 3 ') // 3 is the folder that ls reads.
  expect(tail).toBe('end')
  expect(Number(bytes)).toBeLessThan(20_000)
})

test('an onDeath command of the bundle runs for each daemon without one of its own', async () => {
  const prints = (word: string) => ({ command: sh(`echo ${word} $PITCREW_DAEMON`) })
  const dies = { command: sh('exit 1'), restart: 'never' }
  const daemons = {
    a: long,
    b: dies,
    c: { ...dies, onDeath: prints('own') },
    d: { ...dies, onDeath: 'none' },
  }
  await using pitcrew = new Pitcrew({ onDeath: prints('common'), daemons })
  await pitcrew.line('[b:death] common b')
  await pitcrew.line('[c:death] own c')
  await pitcrew.linesWith(': died', 3)
  await pitcrew.line('[a] up')
  await end(pitcrew, 1)
  expect(outputOf(pitcrew, 'd:death')).toEqual([])
})

test('the next run does not wait for the onDeath command; a death in the meantime skips it, which is logged', async () => {
  const onDeath = { command: sh('echo begun; exec sleep 1000') }
  const b = { ...long, restart: { backoff: 'none' }, onDeath }
  await using pitcrew = new Pitcrew({ deadline: '500ms', daemons: { b } })
  for (let run = 1; run <= 2; run++) {
    await pitcrew.linesWith('[b] up', run)
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'b', run)), 'SIGKILL')
    if (run === 1) await pitcrew.line('[b:death] begun')
  }
  await pitcrew.line('b:death: not run: the previous one still runs')
  await pitcrew.linesWith('[b] up', 3)
  await end(pitcrew)
})

test.each([true, false])(
  'an onDeath command that hangs is killed with its whole tree before the deadline (PID 1: %s)',
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
    await eventually('no process is left', () => leftoverProcesses(pitcrew).length === 0)
  },
)

test('the end of pitcrew waits for the onDeath command, which may be the only report', async () => {
  const report = sh('sleep 0.2; echo "cause: $PITCREW_CAUSE"')
  const agent = { command: sh('exit 7'), main: true, onDeath: { command: report } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, agent } })
  expect(await pitcrew.exitCode()).toBe(7)
  expect(pitcrew.lines.at(-1)).toBe('[agent:death] cause: code 7')
})

test('thirty onDeath commands leave no descriptor and no zombie', async () => {
  const b = { command: sh('exit 5'), onDeath: { command: sh('echo ran') } }
  const restart = { backoff: { initial: '5ms', max: '5ms' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b: { ...b, restart } } })
  await pitcrew.line('[a] up')
  await pitcrew.linesWith('b: died', 5)
  const before = descriptorsOf(pitcrew).length
  await pitcrew.linesWith('[b:death] ran', 30)
  // The pipes of the daemon and of its command come and go.
  await eventually('no more descriptors than before', () => descriptorsOf(pitcrew).length <= before)
  await eventually('no zombie is left', () => zombiesUnder(pitcrew).length === 0)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
})

test('an onDeath command that fails or cannot be executed is logged, and has no other effect', async () => {
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

test('processes that an onDeath command leaves behind are ended', async () => {
  const onDeath = { command: sh('setsid sleep 1000 & sleep 1000 & echo ran') }
  const b = { command: diesOnce, restart: { backoff: 'none' }, onDeath }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } })
  await pitcrew.line('[a] up')
  await pitcrew.line('[b:death] ran')
  await pitcrew.line('[b] up')
  await eventually('only the daemons are left', () => processesUnder(pitcrew).length === 2)
  await end(pitcrew)
})
