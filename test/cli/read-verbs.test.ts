/** explain, events, logs and @names. */
import { describe, expect, test } from 'vitest'
import { runSystem, runWith, systemWith } from './cli.ts'
import { daemon, FakeServer, statusAnswer } from './fake-server.ts'

describe('explain', () => {
  const server = new FakeServer({
    explain: () => [
      {
        done: {
          daemon: 'web',
          state: 'backoff',
          why: ['It died 5 times in a row: exit code 3.', 'The next try is in 3.2s.'],
          remedies: ['pitcrew logs web', 'pitcrew restart web'],
        },
      },
    ],
  })

  test('prints the reasons and the remedies', async () => {
    expect(await runWith(server, 'explain', 'web')).toMatchInlineSnapshot(`
      "exit 0
      web: backoff
        It died 5 times in a row: exit code 3.
        The next try is in 3.2s.
      What can be done:
        pitcrew logs web
        pitcrew restart web"
    `)
  })

  test('in a terminal the state has its colour', async () => {
    const system = systemWith(server, 'explain', 'web')
    system.terminals = [1]
    await runSystem(system)
    expect(system.stdout).toContain('\x1b[1mweb\x1b[m: \x1b[31mbackoff\x1b[m\n')
  })

  test('in a narrow terminal lines are wrapped between words', async () => {
    const system = systemWith(server, 'explain', 'web')
    system.terminals = [1]
    system.size = { columns: 24, rows: 24 }
    await runSystem(system)
    expect(system.stdout).toContain('\n  It died 5 times in a\n  row: exit code 3.\n')
  })
})

describe('events', () => {
  const entry = (n: number, changes: object = {}): object => ({
    item: {
      cursor: `1-${n}`,
      at: `2026-11-21T17:00:0${n}.123Z`,
      type: 'died',
      daemon: 'web',
      words: 'died: exit code 3',
      ...changes,
    },
  })
  const answer = { done: { cursor: '1-3', missed: false } }

  test('are aligned, oldest first', async () => {
    const server = new FakeServer({
      events: () => [
        entry(1),
        entry(2, { daemon: 'git-gate', type: 'ready', words: 'ready' }),
        entry(3, { daemon: undefined, type: 'shutdown', words: 'shut down by TERM' }),
        entry(4),
        answer,
      ],
    })
    expect(await runWith(server, 'events')).toMatchInlineSnapshot(`
      "exit 0
      2026-11-21 17:00:01.123 web       died: exit code 3
      2026-11-21 17:00:02.123 git-gate  ready
      2026-11-21 17:00:03.123           shut down by TERM
      2026-11-21 17:00:04.123 web       died: exit code 3"
    `)
  })

  test('the request that is sent', async () => {
    const server = new FakeServer({ events: () => [answer] })
    await runWith(server, 'events', 'web', '-n', '5', '--since', '1-2')
    expect(server.requests[0]?.args).toEqual({ daemons: ['web'], tail: 5, since: '1-2' })
  })

  test('--since TIME omits older events', async () => {
    // The day before, 17:00.
    const old = entry(1, { at: '2026-11-20T16:58:59.999Z' })
    const server = new FakeServer({ events: () => [old, entry(2), answer] })
    const text = await runWith(server, 'events', '--since', '1m')
    expect(text.split('\n')).toHaveLength(2)
    expect(server.requests[0]?.args).toEqual({})
  })

  test('--since with neither a time nor a cursor is refused', async () => {
    expect(await runWith(new FakeServer(), 'events', '--since', 'noon')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: invalid value "noon" for --since; write a time such as 500ms, 30s or 5m, or the cursor of an event"
    `)
  })

  test('a long name shifts only its own line', async () => {
    const long = entry(1, { daemon: 'a-name-of-more-than-twenty-letters' })
    const server = new FakeServer({ events: () => [long, entry(2), answer] })
    expect(await runWith(server, 'events')).toMatchInlineSnapshot(`
      "exit 0
      2026-11-21 17:00:01.123 a-name-of-more-than-twenty-letters  died: exit code 3
      2026-11-21 17:00:02.123 web       died: exit code 3"
    `)
  })

  test('--json prints one entry per line', async () => {
    const server = new FakeServer({ events: () => [entry(1), entry(2), answer] })
    const text = await runWith(server, 'events', '--json')
    const [, ...lines] = text.split('\n')
    expect(lines.map((line) => JSON.parse(line).cursor)).toEqual(['1-1', '1-2'])
  })

  test('missing older events are reported', async () => {
    const server = new FakeServer({ events: () => [{ done: { cursor: '1-3', missed: true } }] })
    expect(await runWith(server, 'events', '--since', '0-1')).toMatchInlineSnapshot(`
      "exit 0
      stderr: pitcrew: older events are no longer in the journal"
    `)
  })

  test('--follow reconnects and continues after the last event, however often the connection is lost', async () => {
    const server = new FakeServer({
      events: (_, nth) =>
        [[entry(1), entry(2), null], [null], [entry(3), null]][nth - 1] ?? [
          { failed: { code: 'NO_SUCH_DAEMON', message: 'no daemon "web" any more', hint: null } },
        ],
    })
    expect(await runWith(server, 'events', '-f', '-n', '9')).toMatchInlineSnapshot(`
      "exit 3
      2026-11-21 17:00:01.123 web       died: exit code 3
      2026-11-21 17:00:02.123 web       died: exit code 3
      2026-11-21 17:00:03.123 web       died: exit code 3
      stderr: pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log; reconnecting
      pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log; reconnecting
      pitcrew: no daemon "web" any more"
    `)
    expect(server.requests.map(({ args }) => args)).toEqual([
      { tail: 9, follow: true },
      { since: '1-2', follow: true },
      { since: '1-2', follow: true },
      { since: '1-3', follow: true },
    ])
  })

  test('--follow ends with 7 if no pitcrew ever answered', async () => {
    expect(await runWith(new FakeServer({ events: () => [null] }), 'events', '-f')).toContain(
      'exit 7',
    )
  })
})

describe('logs', () => {
  const taken = { done: { stream: 'lines' } }
  const lines = [
    taken,
    '1795194000000 web GET / 200\n1795194000001 - pitcrew: web: ready\n',
    '1795194000002 ! skipped 123 bytes\n1795194000003 db größer\n1795194000004 . end\n',
  ]
  const server = new FakeServer({ logs: () => lines })

  test('lines as in the log of the container; notices on stderr', async () => {
    expect(await runWith(server, 'logs')).toMatchInlineSnapshot(`
      "exit 0
      [web] GET / 200
      pitcrew: web: ready
      [db] größer
      stderr: pitcrew: skipped 123 bytes"
    `)
  })

  test('--times', async () => {
    expect(await runWith(server, 'logs', '--times')).toMatchInlineSnapshot(`
      "exit 0
      2026-11-20T17:00:00.000Z [web] GET / 200
      2026-11-20T17:00:00.001Z pitcrew: web: ready
      2026-11-20T17:00:00.003Z [db] größer
      stderr: pitcrew: skipped 123 bytes"
    `)
  })

  test('--json', async () => {
    expect(await runWith(server, 'logs', '--json')).toMatchInlineSnapshot(`
      "exit 0
      {"at":"2026-11-20T17:00:00.000Z","daemon":"web","text":"GET / 200"}
      {"at":"2026-11-20T17:00:00.001Z","daemon":null,"text":"pitcrew: web: ready"}
      {"at":"2026-11-20T17:00:00.003Z","daemon":"db","text":"größer"}
      stderr: pitcrew: skipped 123 bytes"
    `)
  })

  test('--grep matches a regular expression with the text of each line', async () => {
    expect(await runWith(server, 'logs', '--grep', '^gr.+r$|GET')).toMatchInlineSnapshot(`
      "exit 0
      [web] GET / 200
      [db] größer
      stderr: pitcrew: skipped 123 bytes"
    `)
    expect(await runWith(server, 'logs', '--grep', '(')).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: invalid value "(" for --grep; write a regular expression; \\ escapes a special character"
    `)
  })

  test('invalid UTF-8 is passed on', async () => {
    const system = systemWith(server, 'logs')
    const written: string[] = []
    system.receiveBytes = (_, done) =>
      done(
        written.length === 0
          ? '{"id":1,"done":{"stream":"lines"}}\n5 web \xff\xfe\x00\xc3\n6 . end\n'
          : null,
      )
    system.writeBytes = (text) => written.push(text)
    await runSystem(system)
    expect(written).toEqual(['[web] \xff\xfe\x00\xc3\n'])
  })

  test('the request that is sent', async () => {
    const other = new FakeServer({ logs: () => lines })
    await runWith(other, 'logs', 'web', '-f', '--tail', '3', '--since', '5m')
    expect(other.requests[0]?.args).toEqual({
      daemons: ['web'],
      tail: 3,
      sinceMs: 1_795_194_000_000 - 300_000,
      follow: true,
    })
  })

  test('a disconnected reader reports it', async () => {
    const cutOff = new FakeServer({ logs: () => [taken, '5 web a\n', null] })
    expect(await runWith(cutOff, 'logs')).toMatchInlineSnapshot(`
      "exit 7
      [web] a
      stderr: pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log"
    `)
  })

  test('an unknown daemon: status 3', async () => {
    const message = 'cannot find daemon "wéb"'
    const refusing = new FakeServer({
      logs: () => [{ failed: { code: 'NO_SUCH_DAEMON', message, hint: 'known: web' } }],
    })
    expect(await runWith(refusing, 'logs', 'wéb')).toMatchInlineSnapshot(`
      "exit 3
      stderr: pitcrew: cannot find daemon "wéb"; known: web"
    `)
  })
})

describe('@names', () => {
  test('prints one name per line', async () => {
    const server = new FakeServer({
      status: () => [{ done: statusAnswer([daemon('web'), daemon('db')]) }],
    })
    expect(await runWith(server, '@names')).toBe('exit 0\nweb\ndb')
  })

  test('gives up early and silently if no pitcrew answers', async () => {
    const system = systemWith(new FakeServer(), '@names')
    expect(await runSystem(system)).toBe('exit 1')
    expect(system.nowMs).toBeLessThan(1000)
  })
})
