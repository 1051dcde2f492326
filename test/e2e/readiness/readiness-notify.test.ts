/** sd_notify: `ready: notify`, `watchdog:`, and the messages of pitcrew to its own supervisor.
 *  FAULTS 20. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { scratchFolder } from '../support/listeners.ts'
import { compileFixture, Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually, outputOf, pidsOf } from '../support/processes.ts'
import { Program } from '../support/program.ts'

const NOTIFIES = compileFixture('notifies')
const env = { NOTIFIES }
const long = { command: sh('echo up; exec sleep 1000') }
const systemdNotify = '/usr/bin/systemd-notify'
if (!existsSync(systemdNotify)) {
  const what = `${systemdNotify} is not installed (Debian: apt-get install --no-install-recommends systemd)`
  const { CI, PITCREW_REQUIRE_REAL } = process.env
  if (CI || PITCREW_REQUIRE_REAL) throw new Error(`cannot test with systemd-notify: ${what}`)
  console.warn(`NO SYSTEMD: sd_notify is tested only with the fixture "notifies"; ${what}`)
}

/** The notification socket of a service manager above pitcrew. */
class ServiceManager extends Program {
  readonly address: string

  private constructor(address: string) {
    super([compileFixture('receives-datagrams'), address], { env: {} })
    this.address = address
  }

  static async start(): Promise<ServiceManager> {
    const manager = new ServiceManager(join(scratchFolder(), 'socket'))
    await manager.line('listening')
    return manager
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}

const isSuspended = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')

async function end(pitcrew: Pitcrew, code = 0): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(code)
}

const becomesReady = (pitcrew: Pitcrew): Promise<string> =>
  pitcrew.line(/^pitcrew: b: ready after [\d.]+ m?s \(run 1\)$/)
const expectNotReady = ({ lines }: Pitcrew): void =>
  expect(lines.join('\n')).not.toContain(': ready')

describe('READY=1 comes from', () => {
  test.each([
    ['a child that waits at a barrier', '"$NOTIFIES" barrier READY=1'],
    ['a child that has exited before the message is read', '"$NOTIFIES" READY=1'],
    ['an orphan outside the group', '(setsid "$NOTIFIES" READY=1 &)'],
    ['a message with other fields', '"$NOTIFIES" "STATUS=up\\nREADY=1\\nMAINPID=1\\nX"'],
  ])('%s', async (_, script) => {
    const b = { command: sh(`${script}; exec sleep 1000`), ready: 'notify' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    await becomesReady(pitcrew)
    await pitcrew.line('[a] up')
    await end(pitcrew)
  })

  test.skipIf(!existsSync(systemdNotify))(
    'systemd-notify, which waits until the message is read',
    async () => {
      const script = `${systemdNotify} --status=starting --ready; echo "code $?"; exec sleep 1000`
      const b = { command: sh(script), ready: 'notify' }
      await using pitcrew = new Pitcrew({ daemons: { a: long, b } })
      await becomesReady(pitcrew)
      await pitcrew.line('[b] code 0')
      await pitcrew.line('[a] up')
      await end(pitcrew)
    },
  )
})

describe('READY=1 is ignored if it comes', () => {
  // FAULTS 20. The foreign sender waits at a barrier until its message is read.
  const waits =
    sh(`mkfifo "$PITCREW_STATE_DIR/go"; echo "$NOTIFY_SOCKET" > "$PITCREW_STATE_DIR/name"
    echo up; read -r _ < "$PITCREW_STATE_DIR/go"; "$NOTIFIES" READY=1; exec sleep 1000`)
  const b = { command: waits, ready: 'notify' }
  const go = ({ folder }: Pitcrew): void => writeFileSync(join(folder, 'go'), 'go\n')

  test('from another daemon', async () => {
    const a = sh(`until [ -s "$PITCREW_STATE_DIR/name" ]; do sleep 0.01; done
      "$NOTIFIES" socket="$(cat "$PITCREW_STATE_DIR/name")" barrier READY=1
      echo "sent $?"; exec sleep 1000`)
    await using pitcrew = new Pitcrew({ daemons: { a: { command: a }, b } }, { env })
    await pitcrew.line('[a] sent 0')
    expectNotReady(pitcrew)
    go(pitcrew)
    await becomesReady(pitcrew)
    await end(pitcrew)
  })

  test('from outside the bundle', async () => {
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    await pitcrew.line('[b] up')
    const name = readFileSync(join(pitcrew.folder, 'name'), 'utf8').trimEnd()
    const sender = new Program([NOTIFIES, `socket=${name}`, 'barrier', 'READY=1'], { env: {} })
    expect(await sender.exitCode()).toBe(0)
    expectNotReady(pitcrew)
    go(pitcrew)
    await becomesReady(pitcrew)
    await end(pitcrew)
  })

  test('from a daemon with another kind of `ready:`', async () => {
    const script = '"$NOTIFIES" barrier READY=1; echo sent; exec sleep 1000'
    const other = { command: sh(script), ready: { log: 'never' }, watchdog: '1m' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b: other } }, { env })
    await pitcrew.line('[b] sent')
    expectNotReady(pitcrew)
    await end(pitcrew)
  })
})

test('EXTEND_TIMEOUT_USEC extends the readiness timeout', async () => {
  const script = `"$NOTIFIES" EXTEND_TIMEOUT_USEC=9000000; sleep 0.3; "$NOTIFIES" READY=1
    exec sleep 1000`
  const b = { command: sh(script), ready: { notify: true, timeout: '150ms' } }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
  await becomesReady(pitcrew)
  await pitcrew.line('[a] up')
  expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
  await end(pitcrew)
})

test('a daemon that sends messages continuously delays no other daemon, and stops in time', async () => {
  const floods = 'while :; do "$NOTIFIES" times=100000 STATUS=flooding WATCHDOG=1; done'
  const b = { command: sh(`echo up; ${floods} & ${floods}`), watchdog: '5s' }
  const signals = { USR1: { restart: ['a'] } }
  await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b } }, { env })
  await pitcrew.line('[b] up')
  for (let run = 1; run <= 5; run++) {
    await pitcrew.linesWith('[a] up', run)
    pitcrew.signal('SIGUSR1')
  }
  await pitcrew.linesWith('[a] up', 6)
  const requestedAtMs = performance.now()
  await end(pitcrew)
  expect(performance.now() - requestedAtMs).toBeLessThan(2000)
})

test('the log line of a death has the last status that the daemon reported', async () => {
  const script = '"$NOTIFIES" "STATUS=reading 3 of 7" barrier READY=1; echo a line; exit 5'
  const b = { command: sh(script), ready: 'notify', restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
  expect(await pitcrew.line('b: died')).toContain('; its last status: "reading 3 of 7"')
  await pitcrew.line('[a] up')
  await end(pitcrew, 5)
})

describe('a watchdog', () => {
  test('restarts a daemon when its pings stop', async () => {
    // Twelve pings take three times the watchdog timeout.
    const script = `echo "usec $WATCHDOG_USEC"; n=0
      while [ $n -lt 12 ]; do "$NOTIFIES" WATCHDOG=1; n=$((n + 1)); sleep 0.05; done
      echo silent; exec sleep 1000`
    const b = { command: sh(script), watchdog: '200ms', restart: { backoff: '1ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    const line = await pitcrew.line('b: silent for longer than its watchdog allows')
    expect(line).toMatch(/, pid \d+, run 1, after [\d.]+ m?s: stopping it; restarting in 1 ms/)
    expect(outputOf(pitcrew, 'b')).toEqual(['usec 200000', 'silent'])
    await pitcrew.line('b: stopped: signal TERM')
    await pitcrew.linesWith('[b] usec 200000', 2)
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
  })

  test('after a pause of pitcrew considers the pings that arrived in the meantime', async () => {
    const script = 'while :; do "$NOTIFIES" WATCHDOG=1; echo ping; sleep 0.02; done'
    const b = { command: sh(script), watchdog: '200ms' }
    await using pitcrew = new Pitcrew({ daemons: { b } }, { env })
    await pitcrew.linesWith('[b] ping', 3)
    process.kill(pitcrew.pid, 'SIGSTOP')
    await new Program(['sleep', '0.4'], { env: { PATH: process.env.PATH } }).exitCode()
    process.kill(pitcrew.pid, 'SIGCONT')
    await pitcrew.linesWith('[b] ping', 20)
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('silent')
  })

  test('does not apply before the daemon is ready', async () => {
    const script = `sleep 0.3; "$NOTIFIES" READY=1
      while :; do "$NOTIFIES" WATCHDOG=1; sleep 0.02; done`
    const b = { command: sh(script), ready: 'notify', watchdog: '150ms' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    await becomesReady(pitcrew)
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('silent')
  })

  test('restarts a daemon that sends WATCHDOG=trigger', async () => {
    const script = `[ -e "$PITCREW_STATE_DIR/x" ] || { : > "$PITCREW_STATE_DIR/x"; "$NOTIFIES" WATCHDOG=trigger; }
      echo up; exec sleep 1000`
    const b = { command: sh(script), watchdog: '1m', restart: { backoff: '1ms' } }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b } }, { env })
    await pitcrew.line('b: failed by its own report (WATCHDOG=trigger)')
    await pitcrew.line(/b: started, pid \d+, run 2/)
    await end(pitcrew)
  })
})

describe('a supervisor above pitcrew', () => {
  test('gets READY=1 once when all daemons are ready or done, and STOPPING=1; no daemon inherits its socket', async () => {
    const address = join(scratchFolder(), 'socket')
    const above = new Program([compileFixture('receives-datagrams'), address], { env: {} })
    onTestFinished(() => {
      above.process.kill('SIGKILL')
    })
    await above.line('listening')
    const shows = 'echo "given [$NOTIFY_SOCKET$WATCHDOG_USEC$WATCHDOG_PID$LISTEN_FDS]"'
    const daemons = {
      a: { command: sh(`${shows}; echo up; exec sleep 1000`) },
      b: {
        command: sh(
          'mkfifo "$PITCREW_STATE_DIR/go"; echo up; read -r _ < "$PITCREW_STATE_DIR/go"; echo >&3; exec sleep 1000',
        ),
        ready: 'fd',
      },
      job: { command: ['true'], kind: 'job' },
    }
    const outer = {
      NOTIFY_SOCKET: address,
      WATCHDOG_USEC: '9',
      WATCHDOG_PID: '77',
      LISTEN_FDS: '1',
    }
    await using pitcrew = new Pitcrew(
      { signals: { USR1: { restart: ['b'] } }, daemons },
      { env: outer },
    )
    await pitcrew.line('[a] up')
    await pitcrew.line('job: done')
    await pitcrew.line('[b] up')
    expect(outputOf(pitcrew, 'a')).toContain('given []')
    const states = (): string[] => above.lines.filter((line) => /(READY|STOPPING)=/.test(line))
    expect(states()).toEqual([])
    writeFileSync(join(pitcrew.folder, 'go'), 'go\n')
    await above.line('received READY=1')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('[b] up', pitcrew.lines.findIndex((line) => line.includes('[b] up')) + 1)
    await end(pitcrew)
    await above.line('received STOPPING=1')
    expect(states()).toEqual(['received READY=1', 'received STOPPING=1'])
    // WATCHDOG_PID names another process.
    expect(above.lines.join()).not.toContain('WATCHDOG')
  })

  test('gets WATCHDOG=1 at half of WATCHDOG_USEC while pitcrew is running', async () => {
    await using above = await ServiceManager.start()
    const outer = { NOTIFY_SOCKET: above.address, WATCHDOG_USEC: '100000' }
    await using pitcrew = new Pitcrew({ daemons: { a: long } }, { env: outer })
    await above.linesWith('received WATCHDOG=1', 5)
    const pid = pitcrew.pid
    process.kill(pid, 'SIGSTOP')
    await eventually('it is suspended', () => isSuspended(pid))
    const before = above.lines.length
    await new Program(['sleep', '0.3'], { env: { PATH: process.env.PATH } }).exitCode()
    expect(above.lines.length - before).toBeLessThanOrEqual(1)
    process.kill(pid, 'SIGCONT')
    await above.linesWith('received WATCHDOG=1', 10)
    await end(pitcrew)
  })

  test('gets a summary when it changes: how many daemons are ready, and which are not', async () => {
    await using above = await ServiceManager.start()
    const script = 'until [ -e "$PITCREW_STATE_DIR/go" ]; do sleep 0.01; done; exit 3'
    const egress = { command: sh(script), restart: { backoff: '1h' } }
    const b = { command: sh('exec sleep 1000') }
    const outer = { NOTIFY_SOCKET: above.address }
    await using pitcrew = new Pitcrew({ daemons: { a: long, b, egress } }, { env: outer })
    await above.line('received STATUS=3 of 3 daemons ready')
    writeFileSync(join(pitcrew.folder, 'go'), '')
    await above.line('received STATUS=2 of 3 daemons ready; egress: backoff')
    expect(above.lines.filter((line) => line.includes('STATUS='))).toHaveLength(2)
    await end(pitcrew, 3)
    await above.line('received STOPPING=1')
  })
})
