/** start, stop, restart, shutdown, wait and ticket: they wait for the outcome and print it. */
import { describe, expect, test } from 'vitest'
import type { TicketAnswer } from '../../src/control/protocol/answers.ts'
import { runSystem, runWith, systemWith } from './cli.ts'
import { FakeServer, type Request } from './fake-server.ts'

function ticket(changes: Partial<TicketAnswer> = {}): TicketAnswer {
  return {
    ticket: 5,
    verb: 'restart',
    daemon: 'web',
    by: 'uid 0, pid 12',
    why: '',
    requests: 1,
    joined: false,
    outcome: 'done',
    changed: true,
    cause: null,
    supersededBy: null,
    old: { run: 1, pid: 7 },
    now: { run: 2, pid: 9 },
    exitCode: null,
    tookMs: 312,
    stopMs: 20,
    waitMs: 0,
    readyMs: 292,
    lastLines: [],
    change: null,
    ...changes,
  }
}

const failed = {
  failed: {
    code: 'FAILED',
    message: 'cannot restart web: exit code 3',
    hint: '"pitcrew explain web" says more',
    ticket: 5,
    lastLines: ['bind: in use', 'bye\x1b[2J'],
  },
}

function about({ args }: Request): string {
  return String(args.daemon)
}

describe('success', () => {
  test('one line for each daemon, in the order of completion', async () => {
    const server = new FakeServer({
      restart: (request) =>
        about(request) === 'db'
          ? [{ done: ticket({ daemon: 'db' }) }, { id: 1, done: ticket() }]
          : [],
    })
    expect(await runWith(server, 'restart', 'web', 'db', 'web')).toMatchInlineSnapshot(`
      "exit 0
      db: restarted in 312 ms, pid 7 -> 9 (ticket 5)
      web: restarted in 312 ms, pid 7 -> 9 (ticket 5)"
    `)
    expect(server.connections).toBe(1)
    expect(server.requests.map(about)).toEqual(['web', 'db'])
  })

  test.each([
    [
      'restart of a daemon that is down',
      'restart',
      ticket({ old: null, now: { run: 3, pid: 11 } }),
    ],
    ['start', 'start', ticket({ verb: 'start', old: null, now: { run: 1, pid: 7 } })],
    [
      'start of a ready daemon',
      'start',
      ticket({ verb: 'start', changed: false, now: { run: 1, pid: 7 } }),
    ],
    ['stop', 'stop', ticket({ verb: 'stop', now: null })],
    [
      'stop of a stopped daemon',
      'stop',
      ticket({ verb: 'stop', changed: false, old: null, now: null }),
    ],
    ['--no-wait', 'restart', ticket({ outcome: 'open', tookMs: 1 })],
  ] as const)('%s', async (_, verb, answer) => {
    const server = new FakeServer({ [verb]: () => [{ done: answer }] })
    expect(await runWith(server, verb, 'web')).toMatchSnapshot()
  })

  test('the request that is sent', async () => {
    const server = new FakeServer({ restart: () => [{ done: ticket() }] })
    await runWith(server, 'restart', 'web', '--why', 'deploy', '--no-wait', '--timeout', '1m30s')
    await runWith(server, 'restart', 'web')
    expect(server.requests.map(({ args }) => args)).toEqual([
      { daemon: 'web', why: 'deploy', wait: false, timeoutMs: 90_000, progress: true },
      { daemon: 'web', progress: true },
    ])
  })

  test('--json prints the answers unchanged', async () => {
    const server = new FakeServer({ stop: () => [{ done: ticket() }] })
    expect(await runWith(server, 'stop', 'web', '--json')).toBe(
      `exit 0\n${JSON.stringify(ticket())}`,
    )
  })

  test('shutdown', async () => {
    const ended = ticket({ verb: 'shutdown', daemon: null, exitCode: 3, old: null, now: null })
    const server = new FakeServer({ shutdown: () => [{ done: ended }] })
    expect(await runWith(server, 'shutdown', '--why', 'the end')).toMatchInlineSnapshot(`
      "exit 0
      everything ended with exit code 3 in 312 ms (ticket 5)"
    `)
    expect(server.requests[0]?.args).toEqual({ why: 'the end', progress: true })
  })
})

describe('failure', () => {
  test('prints the cause, a hint and the last lines; status 1', async () => {
    const server = new FakeServer({ restart: () => [failed] })
    expect(await runWith(server, 'restart', 'web')).toMatchInlineSnapshot(`
      "exit 1
      stderr: pitcrew: cannot restart web: exit code 3 (ticket 5); "pitcrew explain web" says more
        last lines:
          bind: in use
          bye [2J"
    `)
  })

  test('--json prints the failure on stdout, too', async () => {
    const server = new FakeServer({ restart: () => [failed] })
    expect(await runWith(server, 'restart', 'web', '--json')).toMatchInlineSnapshot(`
      "exit 1
      {"daemon":"web","failed":{"code":"FAILED","message":"cannot restart web: exit code 3","hint":"\\"pitcrew explain web\\" says more","ticket":5,"lastLines":["bind: in use","bye\\u001b[2J"]}}
      stderr: pitcrew: cannot restart web: exit code 3 (ticket 5); "pitcrew explain web" says more
        last lines:
          bind: in use
          bye [2J"
    `)
  })

  test.each([
    ['NO_SUCH_DAEMON', 3],
    ['TIMED_OUT', 4],
    ['NOT_PERMITTED', 6],
    ['SUPERSEDED', 1],
  ])('%s: status %i, and the others go on', async (code, status) => {
    const server = new FakeServer({
      start: (request) =>
        about(request) === 'web'
          ? [{ failed: { code, message: 'why', hint: 'do', ticket: 5 } }]
          : [{ done: ticket({ verb: 'start', daemon: 'db' }) }],
    })
    expect(await runWith(server, 'start', 'web', 'db')).toBe(
      `exit ${status}\ndb: started in 312 ms, pid 7 -> 9 (ticket 5)\n` +
        'stderr: pitcrew: web: why; do',
    )
  })

  test('the exit status is the highest of several', async () => {
    const server = new FakeServer({
      stop: (request) => [
        {
          failed: {
            code: about(request) === 'a' ? 'TIMED_OUT' : 'SUPERSEDED',
            message: 'm',
            hint: null,
          },
        },
      ],
    })
    expect(await runWith(server, 'stop', 'b', 'a')).toContain('exit 4')
  })

  test('a lost connection is reported once', async () => {
    const server = new FakeServer({ stop: () => [null] })
    expect(await runWith(server, 'stop', 'a', 'b', 'c')).toMatchInlineSnapshot(`
      "exit 7
      stderr: pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log"
    `)
  })
})

describe('progress', () => {
  const slow = new FakeServer({
    stop: (request) =>
      about(request) === 'web'
        ? [
            { progress: { words: 'stopping, KILL in 4 s', sinceMs: 1000 } },
            { progress: { words: 'stopping, KILL in 3 s', sinceMs: 2000 } },
          ]
        : [
            { progress: { words: 'stopping, KILL in 9 s', sinceMs: 1000 } },
            { id: 1, done: ticket({ verb: 'stop', now: null }) },
            { progress: { words: 'stopping, KILL in 8 s', sinceMs: 2000 } },
            { done: ticket({ verb: 'stop', daemon: 'db', now: null }) },
          ],
  })

  test('in a terminal it is one line, redrawn, and removed at the end', async () => {
    const system = systemWith(slow, 'stop', 'web', 'db')
    system.terminals = [1, 2]
    await runSystem(system)
    expect(system.screen.replaceAll('\x1b', '␛').split('\r')).toMatchInlineSnapshot(`
      [
        "",
        "web: stopping, KILL in 4 s (for 1 s)␛[K",
        "web: stopping, KILL in 3 s (for 2 s)␛[K",
        "web: stopping, KILL in 3 s (for 2 s) | db: stopping, KILL in 9 s (for 1 s)␛[K",
        "␛[Kweb: stopped in 312 ms, pid 7 (ticket 5)
      ",
        "db: stopping, KILL in 8 s (for 2 s)␛[K",
        "␛[Kdb: stopped in 312 ms, pid 7 (ticket 5)
      ",
      ]
    `)
  })

  test('without a terminal it is a line every five seconds', async () => {
    const system = systemWith(slow, 'stop', 'web', 'db')
    expect(await runSystem(system)).toMatchInlineSnapshot(`
      "exit 0
      web: stopped in 312 ms, pid 7 (ticket 5)
      db: stopped in 312 ms, pid 7 (ticket 5)
      stderr: pitcrew: web: stopping, KILL in 4 s (for 1 s)
      pitcrew: db: stopping, KILL in 9 s (for 1 s)"
    `)
  })
})

describe('wait', () => {
  test('prints a line for each daemon, and sends these requests', async () => {
    const server = new FakeServer({
      wait: (request) => [{ done: { daemon: about(request), state: 'ready', run: 2, pid: 9 } }],
    })
    expect(
      await runWith(server, 'wait', 'web', 'db', '--for', 'started', '--timeout=2s'),
    ).toMatchInlineSnapshot(`
      "exit 0
      web: ready, pid 9, run 2
      db: ready, pid 9, run 2"
    `)
    expect(server.requests[0]?.args).toEqual({
      daemon: 'web',
      for: 'started',
      timeoutMs: 2000,
      progress: true,
    })
  })

  test('invalid options', async () => {
    const server = new FakeServer()
    expect(await runWith(server, 'wait')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: missing argument NAME; usage: pitcrew wait NAME... [--for ready|started|stopped|done] [--timeout TIME] [--json]"
    `)
    expect(await runWith(server, 'wait', 'web', '--for', 'redy')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: invalid value "redy" for --for; did you mean "ready"?"
    `)
    expect(await runWith(server, 'wait', 'web', '--timeout', '30')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: invalid value "30" for --timeout; write a time such as 500ms, 30s or 5m"
    `)
    expect(server.connections).toBe(0)
  })
})

describe('ticket', () => {
  test.each([
    ['done', ticket({ why: 'deploy', requests: 3, joined: true })],
    [
      'failed',
      ticket({ outcome: 'failed', cause: 'exit code 3', now: null, lastLines: ['no config'] }),
    ],
    ['superseded', ticket({ outcome: 'superseded', supersededBy: 8, now: null })],
    ['open', ticket({ outcome: 'open', readyMs: null, now: null })],
  ] as const)('%s', async (_, answer) => {
    const server = new FakeServer({ ticket: () => [{ done: answer }] })
    expect(await runWith(server, 'ticket', '5')).toMatchSnapshot()
  })

  test('an ID that is not a number', async () => {
    expect(await runWith(new FakeServer(), 'ticket', 'five')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: invalid ticket "five"; write its number, such as 5"
    `)
  })
})
