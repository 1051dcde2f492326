/** The process at the other end of a connection, as the kernel identifies it, and its run. */
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixtures, type Options, sh } from '../e2e/support/pitcrew.ts'
import { eventually, outputOf, processesUnder, release, stateOf } from '../e2e/support/processes.ts'
import { buildHub, calls, Hub } from './images/clients.ts'
import type { First } from './images/clients-entry.ts'
import type { PlainRun } from './images/plain-spawn.ts'

const isRoot = process.getuid?.() === 0
const own = process.getuid?.() ?? 0
const ask = `"$CALLS" "$PITCREW_STATE_DIR/s" '{"peer":true}'`
const orphan = `${fixtures}/hostile/hostile-orphan.sh`
const stranger = { relation: 'none', daemon: null, run: 0, via: 'socket' }

beforeAll(buildHub, 300_000)

describe('over the socket', () => {
  test('a process outside of all runs has its pid and its uid', async () => {
    await using hub = await Hub.start([{ listen: 's' }], { asPid1: false })
    const client = await hub.connect()
    const peer = { uid: own, pid: process.pid, ...stranger }
    expect(JSON.parse(await client.ask({ peer: true }))).toEqual(peer)
    expect(hub.eventsOf('client')).toMatchObject([{ client: 1, peer }])
  })

  test('a process outside of the PID namespace has the pid 0', async () => {
    await using hub = await Hub.start([{ listen: 's' }], { asPid1: true })
    const client = await hub.connect()
    expect(JSON.parse(await client.ask({ peer: true }))).toEqual({ uid: own, pid: 0, ...stranger })
  })

  test.each([
    ['the leader', 'run', `exec ${ask}`],
    ['a child', 'run', `${ask}; true`],
    ['a grandchild', 'run', `(${ask}; true); true`],
    ['a child outside of the group', 'run', `setsid -w ${ask}`],
    ['an orphan', 'marked', `(setsid sh ${orphan} $PPID ${ask} &); exec sleep 1000`],
    ['a child with another mark', 'run', `ulimit -S -m 12345; ${ask}; true`],
    ['a child of another supervisor', 'run', `ulimit -S -m 12345; setsid -w ${ask}; true`],
  ])('%s in a run belongs to that run', async (_, relation, script) => {
    await using hub = await Hub.start([{ listen: 's' }, spawned('web', script)])
    await eventually('it has asked', () => outputOf(hub, 'web').length > 0)
    const peer = JSON.parse(outputOf(hub, 'web')[0] as string)
    expect(peer).toMatchObject({ uid: own, daemon: 'web', run: 1, via: 'socket', relation })
    expect(peer.pid).toBeGreaterThan(0)
  })

  test('a process that left its group, session, mark and parents is still a descendant of pitcrew', async () => {
    const script = `ulimit -S -m 12345; (setsid sh ${orphan} $PPID ${ask} &); exec sleep 1000`
    await using hub = await Hub.start([{ listen: 's' }, spawned('web', script)])
    await eventually('it has asked', () => outputOf(hub, 'web').length > 0)
    const peer = JSON.parse(outputOf(hub, 'web')[0] as string)
    expect(peer).toMatchObject({ uid: own, relation: 'descendant', daemon: null, run: 0 })
  })

  test.runIf(isRoot)('a process of a run under another user belongs to the run, too', async () => {
    await using hub = await Hub.start()
    chmodSync(hub.folder, 0o755)
    chmodSync(hub.socket, 0o666)
    const client = await hub.connect()
    await client.ask({ first: spawned('web', ask, { user: '1234', group: '1234' }) })
    await eventually('it has asked', () => outputOf(hub, 'web').length > 0)
    const peer = JSON.parse(outputOf(hub, 'web')[0] as string)
    expect(peer).toMatchObject({ uid: 1234, daemon: 'web' })
  })

  test('a process that ended before it was identified is disconnected', async () => {
    await using hub = await Hub.start([{ listen: 's' }], { asPid1: false })
    hub.signal('SIGSTOP')
    execFileSync(calls(), ['-q', hub.socket, '{"echo":"never"}'])
    hub.signal('SIGCONT')
    const client = await hub.connect()
    await client.ask({ echo: 'so far' })
    expect(hub.eventsOf('client')).toHaveLength(1)
    expect(hub.linesOfClients()).toEqual(['{"echo":"so far"}'])
  })

  test.runIf(isRoot)(
    'a user without a number in the user namespace has the uid 65534',
    async () => {
      const wrap = ['unshare', '--user', '--map-root-user', '--']
      await using hub = await Hub.start([{ listen: 's' }], { asPid1: false, wrap })
      chmodSync(hub.folder, 0o755)
      chmodSync(hub.socket, 0o666)
      const words = ['--reuid=1234', '--clear-groups', calls(), hub.socket, '{"peer":true}']
      const peer = JSON.parse(String(execFileSync('setpriv', words)))
      expect(peer).toMatchObject({ uid: 65534, daemon: null })
    },
  )
})

describe('the PITCREW_FD of a daemon', () => {
  const control = { control: true }

  test('identifies the daemon whatever its user is, and is reported at its first line', async () => {
    const script = `exec "$CALLS" "$PITCREW_FD" '{"peer":true}' '{"echo":"hello"}'`
    const user = isRoot ? { user: '1234', group: '1234' } : {}
    await using hub = await Hub.start([spawned('web', script, { ...control, ...user })])
    const [client] = await hub.wait('client')
    const uid = isRoot ? 1234 : own
    const pid = (hub.answers[0] as { pid: number }).pid
    const peer = { uid, pid, relation: 'run', daemon: 'web', run: 1, via: 'daemon-fd' }
    expect(client?.peer).toEqual(peer)
    await hub.wait('exited')
    expect(outputOf(hub, 'web')).toEqual([JSON.stringify(peer), 'hello'])
  })

  test('is not reported while it is silent, nor after the end of its run', async () => {
    await using hub = await Hub.start([
      spawned('web', 'true', control),
      spawned('db', 'exec sleep 1000', control),
      { listen: 's' },
    ])
    await hub.wait('exited')
    await (await hub.connect()).ask({ echo: 'so far' })
    expect(hub.eventsOf('client')).toHaveLength(1)
    expect(hub.eventsOf('client-gone')).toEqual([])
  })

  test('is read to the end before the end of its run is reported, and then it is gone', async () => {
    const script =
      'cd "$PITCREW_STATE_DIR"; mkfifo go; read _ <go; exec "$CALLS" -q "$PITCREW_FD" one two three'
    await using hub = await Hub.start([spawned('web', script, { ...control, stdio: 'null' })])
    const web = await eventuallyOne(hub)
    hub.signal('SIGSTOP')
    await release(hub)
    await eventually('it has ended', () => stateOf(web) === 'Z')
    hub.signal('SIGCONT')
    await hub.wait('client-gone')
    const told = hub.lines.slice(1).map((line) => JSON.parse(line).type)
    expect(told.filter((type) => type !== 'signal')).toEqual([
      'client',
      'line',
      'line',
      'line',
      'exited',
      'client-gone',
    ])
    expect(hub.eventsOf('client-gone')).toEqual([{ type: 'client-gone', client: 1, lagged: false }])
  })

  test('is gone when the daemon closes it, and the daemon continues', async () => {
    const script = `exec "$CALLS" -s "$PITCREW_FD" hello`
    await using hub = await Hub.start([spawned('web', script, control)])
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: false }])
    expect(hub.eventsOf('exited')).toEqual([])
  })

  test('speaks for the daemon also when a child inherits it', async () => {
    const script = `(setsid -w "$CALLS" "$PITCREW_FD" '{"peer":true}'); true`
    await using hub = await Hub.start([spawned('web', script, control)])
    await eventually('it has asked', () => outputOf(hub, 'web').length > 0)
    expect(JSON.parse(outputOf(hub, 'web')[0] as string)).toMatchObject({
      daemon: 'web',
      via: 'daemon-fd',
    })
  })

  test('is not open in a daemon without it', async () => {
    const script = 'printenv PITCREW_FD || echo none; ls /proc/self/fd'
    await using hub = await Hub.start([
      spawned('web', script),
      spawned('db', script, { ...control, ready: { type: 'fd', fd: 9 } }),
    ])
    await hub.wait('exited', 2)
    expect(outputOf(hub, 'web')).toEqual(['none', '0', '1', '2', '3']) // 3 is what ls itself opens.
    expect(outputOf(hub, 'db').sort()).toEqual(['0', '1', '2', '3', '8', '8', '9'])
  })

  test.each(['pump', 'null', 'inherit'] as const)(
    'is beside any descriptor for readiness, with stdio %s',
    async (stdio) => {
      const fds = [3, 4, 5, 6, 7, 8, 9]
      const runs = fds.map((fd) =>
        spawned(`d${fd}`, `echo >&${fd}; "$CALLS" -q "$PITCREW_FD" ${fd}`, {
          ...control,
          stdio,
          ready: { type: 'fd', fd },
        }),
      )
      await using hub = await Hub.start(runs)
      await hub.wait('exited', fds.length)
      expect(hub.linesOfClients().sort()).toEqual(fds.map(String))
      expect(hub.eventsOf('ready')).toHaveLength(fds.length)
    },
  )

  test('is closed with its run, whatever was sent, and nothing is left', async () => {
    await using hub = await Hub.start([{ listen: 's' }])
    const client = await hub.connect()
    await client.ask({ echo: 'so far' })
    const before = hub.descriptors()
    for (let run = 1; run <= 20; run++) {
      const script =
        run % 2 === 0 ? 'true' : `"$CALLS" -q "$PITCREW_FD" hi; printf unfinished >/dev/null`
      await client.ask({ first: spawned('web', script, { ...control, run }) })
      await hub.wait('exited', run)
    }
    await hub.wait('client-gone', 10)
    expect(hub.descriptors()).toBe(before)
  })

  test('ends for the daemon when pitcrew closes it', async () => {
    const script = `"$CALLS" "$PITCREW_FD" '{"close":"bye"}' again`
    await using hub = await Hub.start([spawned('web', script, control)])
    await hub.wait('exited')
    expect(outputOf(hub, 'web')).toEqual(['bye', 'no answer'])
    expect(hub.eventsOf('client-gone')).toEqual([])
  })

  test('needs a descriptor, or the run is not started', async () => {
    const runs = Array.from({ length: 60 }, (_, n) =>
      spawned(`d${n}`, 'exec sleep 1000', { ...control, stdio: 'null' }),
    )
    const wrap = ['/bin/sh', '-c', 'ulimit -n 40; exec "$@"', 'sh']
    await using hub = await Hub.start(runs, { wrap })
    expect(hub.answers[0]).toMatchObject({ pid: expect.any(Number) })
    expect(hub.answers.at(-1)).toEqual({ step: 'socket', errno: 'EMFILE' })
  })
})

describe('an inherited connection', () => {
  const inherits: Options = {
    asPid1: false,
    via: [
      process.execPath,
      `${import.meta.dirname}/../fixtures/scripts/spawns-with-socketpair.mjs`,
    ],
    stdin: 'pipe',
  }

  test('is a client at once, with the user of pitcrew', async () => {
    await using hub = await Hub.start([{ adopt: 3 }], inherits)
    expect(hub.answers).toEqual([null])
    const [client] = await hub.wait('client')
    expect(client?.peer).toEqual({
      uid: own,
      pid: expect.any(Number),
      relation: 'none',
      daemon: null,
      run: 0,
      via: 'inherited',
    })
    hub.process.stdin?.write('{"echo":"hello"}\n')
    await eventually('it is answered', () => hub.errors.includes('hello'))
    hub.process.stdin?.end()
    expect(await hub.wait('client-gone')).toMatchObject([{ client: 1, lagged: false }])
  })

  test('is not inherited by daemons, and stays blocking', async () => {
    const script = 'ls /proc/self/fd; grep flags "/proc/$PPID/fdinfo/3"'
    await using hub = await Hub.start([{ adopt: 3 }, spawned('web', script)], inherits)
    await hub.wait('exited')
    const [flags, ...fds] = outputOf(hub, 'web').reverse()
    expect(fds.sort()).toEqual(['0', '1', '2', '3']) // 3 is what ls itself opens.
    expect(Number.parseInt(flags?.split('\t')[1] as string, 8) & 0o4000).toBe(0)
  })

  test.each([
    [1, 'EINVAL'],
    [77, 'EBADF'],
    [-1, 'EINVAL'],
  ])('cannot be %i: %s', async (fd, errno) => {
    await using hub = await Hub.start([{ adopt: fd }])
    expect(hub.answers).toEqual([errno])
  })

  test('is taken once, and must be a unix stream socket', async () => {
    const wrap = ['/bin/sh', '-c', 'exec "$@" 4</dev/null', 'sh']
    await using hub = await Hub.start([{ adopt: 3 }, { adopt: 3 }, { adopt: 4 }], {
      ...inherits,
      wrap,
    })
    expect(hub.answers).toEqual([null, 'EEXIST', 'ENOTSOCK'])
  })
})

/** The pid of its only process. */
async function eventuallyOne(hub: Hub): Promise<number> {
  await eventually('it has a child', () => processesUnder(hub).length > 0)
  return processesUnder(hub)[0]?.pid as number
}

function spawned(
  daemon: string,
  script: string,
  more: Partial<PlainRun & { run: number }> = {},
): First {
  return { spawn: { daemon, command: sh(script), ...more } }
}
