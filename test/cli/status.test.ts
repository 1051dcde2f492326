/** DESIGN §7: `status`, for people in a terminal and for programs. */
import { describe, expect, test } from 'vitest'
import type { DaemonStatus, StatusAnswer } from '../../src/control/protocol/status.ts'
import { runSystem, runWith, systemWith } from './cli.ts'
import { daemon, FakeServer, statusAnswer } from './fake-server.ts'
import type { FakeSystem } from './fake-system.ts'

const death = {
  run: 4,
  cause: 'code 3',
  agoMs: 65_000,
  uptimeMs: 300,
  status: '',
  lastLines: [],
  next: 'restarting in 3.2s',
}

/** A daemon in each state. */
const zoo: readonly DaemonStatus[] = [
  daemon('egress', { status: 'Accepting connections' }),
  daemon('web', { restarts: 3, lastDeath: death, uptimeMs: 65_000 }),
  daemon('api', { state: 'running', uptimeMs: 800, readyMs: null, run: 2, restarts: 1 }),
  daemon('import', { kind: 'job', state: 'running', readyMs: null }),
  daemon('boot', { state: 'starting', pid: null, uptimeMs: null, usage: null }),
  daemon('late', {
    state: 'waiting',
    run: 0,
    pid: null,
    uptimeMs: null,
    waitsFor: 'db',
    usage: null,
  }),
  daemon('db', {
    state: 'backoff',
    pid: null,
    uptimeMs: null,
    restarts: 4,
    nextAttemptMs: 3200,
    lastDeath: death,
    usage: null,
  }),
  daemon('squid', { state: 'stopping', killMs: 4000 }),
  daemon('stuck', { state: 'killing' }),
  daemon('off', { state: 'stopped', pid: null, uptimeMs: null, usage: null }),
  daemon('migrate', { kind: 'job', state: 'done', pid: null, uptimeMs: null, usage: null }),
  daemon('bad', {
    state: 'failed',
    pid: null,
    uptimeMs: null,
    lastDeath: { ...death, next: 'given up after 5 restarts in 1m' },
    usage: null,
  }),
  daemon('poor', { state: 'skipped', pid: null, uptimeMs: null, waitsFor: 'bad', usage: null }),
  daemon('new', { state: 'idle', run: 0, pid: null, uptimeMs: null, usage: null }),
]

function serving(...answers: readonly StatusAnswer[]): FakeServer {
  return new FakeServer({
    status: (_, nth) => {
      const answer = answers[nth - 1]
      return answer === undefined ? [null] : [{ done: answer }]
    },
  })
}

function inTerminal(server: FakeServer, ...args: readonly string[]): FakeSystem {
  const system = systemWith(server, 'status', ...args)
  system.terminals = [1, 2]
  return system
}

/** Makes escape sequences visible. */
function seen(text: string): string {
  return text.replaceAll('\x1b', '␛').replaceAll('\r', '␍')
}

describe('without a terminal', () => {
  test('a line for each daemon, not truncated and without colours', async () => {
    expect(await runWith(serving(statusAnswer(zoo)), 'status')).toMatchInlineSnapshot(`
      "exit 0
      shop: 14 daemons, 2 ready, up 2 h 5 min, pitcrew 0.1.0 (pid 1)
      NAME     STATE     UPTIME  RESTARTS   CPU       MEM
      egress   ready      2h 5m         0  0.1%  12.3 MiB  Accepting connections
      web      ready      1m 5s         3   12%  12.3 MiB  died 1 min 5 s ago: code 3
      api      running    800ms         1  938%  12.3 MiB  not ready yet
      import   running    2h 5m         0  0.1%  12.3 MiB
      boot     starting       -         0     -         -  not ready yet
      late     waiting        -         0     -         -  waits for db
      db       backoff        -         4     -         -  restart in 3.2 s (code 3)
      squid    stopping   2h 5m         0  0.1%  12.3 MiB  KILL in 4 s
      stuck    killing    2h 5m         0  0.1%  12.3 MiB  KILL was sent, still alive
      off      stopped        -         0     -         -
      migrate  done           -         0     -         -
      bad      failed         -         0     -         -  code 3; given up after 5 restarts in 1m
      poor     skipped        -         0     -         -  bad has failed
      new      idle           -         0     -         -"
    `)
  })

  test('--json prints the answer unchanged, on one line', async () => {
    const answer = statusAnswer([daemon('web')])
    expect(await runWith(serving(answer), 'status', '--json')).toBe(
      `exit 0\n${JSON.stringify(answer)}`,
    )
  })

  test('it requests the named daemons, each once, with their resource use', async () => {
    const server = serving(statusAnswer([]))
    await runWith(server, 'status', 'web', 'db', 'web')
    expect(server.requests).toEqual([
      { id: 1, verb: 'status', args: { daemons: ['web', 'db'], usage: true } },
    ])
  })

  test('a shutdown is shown in the headline', async () => {
    const answer = statusAnswer([daemon('web', { state: 'stopping', killMs: 900 })], {
      stopping: { leftMs: 7000 },
    })
    expect(await runWith(serving(answer), 'status')).toMatchInlineSnapshot(`
      "exit 0
      shop: 1 daemon, 0 ready, stopping, 7 s left, up 2 h 5 min, pitcrew 0.1.0 (pid 1)
      NAME  STATE     UPTIME  RESTARTS   CPU       MEM
      web   stopping   2h 5m         0  0.1%  12.3 MiB  KILL in 900 ms"
    `)
  })

  test('the status text of a daemon cannot move the cursor or begin a line', async () => {
    const answer = statusAnswer([daemon('web', { status: 'a\x1b[2J\nb\u202ec\u009b1m' })])
    expect(await runWith(serving(answer), 'status')).toContain('MiB  a [2J b c 1m')
  })

  test('--watch prints a line for each refresh', async () => {
    const first = statusAnswer([daemon('web'), daemon('db', { state: 'waiting' })])
    const second = statusAnswer([daemon('web'), daemon('db')])
    expect(await runWith(serving(first, second), 'status', '--watch')).toMatchInlineSnapshot(`
      "exit 7
      shop: 2 daemons, 1 ready: web ready, db waiting
      shop: 2 daemons, 2 ready: web ready, db ready
      stderr: pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log"
    `)
  })

  test('--watch --json prints one answer per line', async () => {
    const answer = statusAnswer([daemon('web')])
    const text = await runWith(serving(answer, answer), 'status', '--watch', '--json')
    expect(text.split('\n').slice(1, 3)).toEqual([JSON.stringify(answer), JSON.stringify(answer)])
  })
})

describe('in a terminal', () => {
  test('colours by state, truncated to the width', async () => {
    const system = inTerminal(serving(statusAnswer(zoo)))
    system.size = { columns: 72, rows: 24 }
    await runSystem(system)
    expect(seen(system.screen)).toMatchInlineSnapshot(`
      "␛[1mshop␛[m␛[31m: 14 daemons, 2 ready, up 2 h 5 min, pitcrew 0.1.0 (pid 1)␛[m
      ␛[2mNAME   ␛[m  ␛[2mSTATE   ␛[m  ␛[2mUPTIME␛[m  ␛[2mRESTARTS␛[m  ␛[2m     MEM␛[m
      egress   ␛[32mready   ␛[m   2h 5m         0  12.3 MiB  ␛[2mAccepting connections␛[m
      web      ␛[32mready   ␛[m   1m 5s         3  12.3 MiB  ␛[2mdied 1 min 5 s ago: code…␛[m
      api      ␛[33mrunning ␛[m   800ms         1  12.3 MiB  ␛[2mnot ready yet␛[m
      import   ␛[33mrunning ␛[m   2h 5m         0  12.3 MiB
      boot     ␛[33mstarting␛[m       -         0         -  ␛[2mnot ready yet␛[m
      late     ␛[33mwaiting ␛[m       -         0         -  ␛[2mwaits for db␛[m
      db       ␛[31mbackoff ␛[m       -         4         -  ␛[31mrestart in 3.2 s (code 3)␛[m
      squid    ␛[33mstopping␛[m   2h 5m         0  12.3 MiB  ␛[2mKILL in 4 s␛[m
      stuck    ␛[31mkilling ␛[m   2h 5m         0  12.3 MiB  ␛[31mKILL was sent, still ali…␛[m
      ␛[2moff    ␛[m  ␛[2mstopped ␛[m  ␛[2m     -␛[m  ␛[2m       0␛[m  ␛[2m       -␛[m
      ␛[2mmigrate␛[m  ␛[2mdone    ␛[m  ␛[2m     -␛[m  ␛[2m       0␛[m  ␛[2m       -␛[m
      bad      ␛[31mfailed  ␛[m       -         0         -  ␛[31mcode 3; given up after 5…␛[m
      poor     ␛[31mskipped ␛[m       -         0         -  ␛[31mbad has failed␛[m
      ␛[2mnew    ␛[m  ␛[2midle    ␛[m  ␛[2m     -␛[m  ␛[2m       0␛[m  ␛[2m       -␛[m
      "
    `)
  })

  test.each(['NO_COLOR=1', 'TERM=dumb'])('%s: no colours', async (assignment) => {
    const [name = '', value = ''] = assignment.split('=')
    const system = inTerminal(serving(statusAnswer(zoo)))
    system.environment.set(name, value)
    await runSystem(system)
    expect(system.screen).not.toContain('\x1b')
  })

  test.each([20, 40, 61, 80])('no line is wider than %i columns', async (columns) => {
    const answer = statusAnswer([
      ...zoo,
      daemon('wide', { status: '数据库已经准备好了'.repeat(9) }),
    ])
    const system = inTerminal(serving(answer))
    system.size = { columns, rows: 24 }
    system.environment.set('NO_COLOR', '1')
    await runSystem(system)
    const widths = system.screen.split('\n').map((line) => [...line].length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
    expect(system.screen).toContain('web')
  })

  test('a terminal of unknown size has 80 columns', async () => {
    const system = inTerminal(serving(statusAnswer([daemon('web', { status: 'x'.repeat(99) })])))
    system.size = null
    await runSystem(system)
    expect(system.screen).toContain('x…')
  })
})

describe('--watch in a terminal', () => {
  test('each refresh replaces the last one in a single write', async () => {
    const earlier = daemon('web', { usage: { cpuMs: 1000, memoryKib: 900, processes: 1 } })
    const later = daemon('web', {
      uptimeMs: 7_501_000,
      usage: { cpuMs: 1500, memoryKib: 900, processes: 1 },
    })
    const system = inTerminal(serving(statusAnswer([earlier]), statusAnswer([later])), '--watch')
    system.size = { columns: 80, rows: 5 }
    system.environment.set('NO_COLOR', '1')
    const writes: string[] = []
    const write = system.write.bind(system)
    system.write = (fd, text) => {
      if (fd === 1) writes.push(seen(text))
      write(fd, text)
    }
    const ended = await runSystem(system)
    expect(writes).toMatchInlineSnapshot(`
      [
        "




      ",
        "␛[?2026h␛[Hshop: 1 daemon, 1 ready, up 2 h 5 min, pitcrew 0.1.0 (pid 1)␛[K
      NAME  STATE  UPTIME  RESTARTS   CPU      MEM␛[K
      web   ready   2h 5m         0  0.0%  900 KiB␛[K
      ␛[J␛[?2026l",
        "␛[?2026h␛[Hshop: 1 daemon, 1 ready, up 2 h 5 min, pitcrew 0.1.0 (pid 1)␛[K
      NAME  STATE  UPTIME  RESTARTS  CPU      MEM␛[K
      web   ready   2h 5m         0  50%  900 KiB␛[K
      ␛[J␛[?2026l",
      ]
    `)
    expect(ended).toContain('exit 7')
    expect(system.nowMs).toBe(2000)
  })

  test('if not all daemons fit, those in trouble come first', async () => {
    const well = Array.from({ length: 9 }, (_, at) => daemon(`d${at}`))
    const late = daemon('late', { state: 'waiting', waitsFor: 'bad' })
    const system = inTerminal(
      serving(statusAnswer([...well, late, daemon('bad', { state: 'failed' })])),
      '--watch',
    )
    system.size = { columns: 80, rows: 7 }
    await runSystem(system)
    const frame = seen(system.stdout.slice(system.stdout.indexOf('\x1b[H')))
    const names = frame.split('\n').map((line) => line.split(' ')[0]?.replace(/␛.*/, ''))
    expect(names.slice(2, 6)).toEqual(['bad', 'late', 'd0', 'and'])
  })

  test('in a dumb terminal each refresh is a line', async () => {
    const system = inTerminal(serving(statusAnswer([daemon('web')])), '--watch')
    system.environment.set('TERM', 'dumb')
    await runSystem(system)
    expect(system.stdout).toBe('shop: 1 daemon, 1 ready: web ready\n')
  })

  test('daemons that do not fit are counted', async () => {
    const many = Array.from({ length: 50 }, (_, at) => daemon(`d${at}`))
    const system = inTerminal(serving(statusAnswer(many)), '--watch')
    system.size = { columns: 80, rows: 10 }
    await runSystem(system)
    const frame = system.stdout.slice(system.stdout.indexOf('\x1b[H'))
    expect(frame.split('\n')).toHaveLength(10)
    expect(frame).toContain('and 44 more')
  })
})
