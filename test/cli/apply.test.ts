/** apply, plan, confirm, cancel, rollback, history, reload: the requests that they send, and what
 *  they print. */
import { describe, expect, test } from 'vitest'
import type { TicketAnswer } from '../../src/control/protocol/answers.ts'
import type { ChangeAnswer, RevisionItem } from '../../src/control/protocol/operations.ts'
import { runSystem, systemWith } from './cli.ts'
import { FakeServer } from './fake-server.ts'
import type { FakeSystem } from './fake-system.ts'

const before = { sha256: 'a'.repeat(64), bytes: 20 }
const after = { sha256: 'b'.repeat(64), bytes: 24 }
const diff = `--- /etc/web.conf
+++ /etc/web.conf (new)
@@ -1,2 +1,2 @@
-mode = one
+mode = two
 password = ***
`

function change(changes: Partial<ChangeAnswer> = {}): ChangeAnswer {
  return {
    path: '/etc/web.conf',
    step: 'over',
    result: 'applied',
    activation: 'restart',
    before,
    after,
    revision: 7,
    diff,
    words: '',
    confirmLeftMs: null,
    steps: [
      { step: 'preparing', tookMs: 12 },
      { step: 'activating', tookMs: 108 },
    ],
    ...changes,
  }
}

function ticket(
  changes: Partial<ChangeAnswer> = {},
  more: Partial<TicketAnswer> = {},
): TicketAnswer {
  return {
    ticket: 12,
    verb: 'apply',
    daemon: 'web',
    by: 'uid 0, pid 12',
    why: '',
    requests: 1,
    joined: false,
    outcome: 'done',
    changed: true,
    cause: null,
    supersededBy: null,
    old: { run: 1, pid: 41 },
    now: { run: 2, pid: 57 },
    exitCode: null,
    tookMs: 120,
    stopMs: null,
    waitMs: null,
    readyMs: null,
    lastLines: [],
    change: change(changes),
    ...more,
  }
}

function failed(changes: Partial<ChangeAnswer>, lastLines: readonly string[] = []): object {
  const failure = { message: 'cannot apply web: why', hint: null, ticket: 12, lastLines }
  return { failed: { code: 'FAILED', ...failure, change: change({ revision: null, ...changes }) } }
}

/** A system with the new content in `new.conf` and on stdin. */
function withContent(server: FakeServer, ...args: readonly string[]): FakeSystem {
  const system = systemWith(server, ...args)
  for (const path of ['new.conf', '-']) system.files.set(path, { text: 'mode = ⁂\n' })
  return system
}

function applied(answer: object, ...args: readonly string[]): Promise<string> {
  const server = new FakeServer({ apply: () => [answer] })
  return runSystem(withContent(server, 'apply', 'web', '--from', 'new.conf', ...args))
}

describe('the request', () => {
  test('apply sends the size of the content, and its bytes behind the line', async () => {
    const server = new FakeServer({ apply: () => [{ done: ticket() }] })
    const options = ['--file', '/etc/web.conf', '--if-match', 'sha256:1f', '--why', 'a host']
    const times = ['--timeout', '2s', '--no-wait']
    await runSystem(withContent(server, 'apply', 'web', '--from', '-', ...options, ...times))
    await runSystem(withContent(server, 'apply', 'web', '--from=new.conf'))
    expect(server.requests.map(({ args }) => args)).toEqual([
      {
        daemon: 'web',
        file: '/etc/web.conf',
        bytes: 11,
        ifMatch: 'sha256:1f',
        why: 'a host',
        wait: false,
        timeoutMs: 2000,
        progress: true,
      },
      { daemon: 'web', bytes: 11, progress: true },
    ])
    expect(server.contents).toEqual(['mode = ⁂\n', 'mode = ⁂\n'])
  })

  test('plan is apply --dry-run', async () => {
    const server = new FakeServer({ apply: () => [{ done: ticket({ result: 'planned' }) }] })
    const plan = await runSystem(withContent(server, 'plan', 'web', '--from', '-'))
    const dry = await runSystem(withContent(server, 'apply', 'web', '--from', '-', '--dry-run'))
    expect(dry).toBe(plan)
    const args = { daemon: 'web', bytes: 11, dryRun: true, progress: true }
    expect(server.requests.map((request) => request.args)).toEqual([args, args])
  })

  test('rollback', async () => {
    const server = new FakeServer({ rollback: () => [{ done: ticket() }] })
    await runSystem(systemWith(server, 'rollback', 'web'))
    await runSystem(systemWith(server, 'rollback', 'web', '--to', '3', '--file', '/f', '--dry-run'))
    expect(server.requests.map(({ args }) => args)).toEqual([
      { daemon: 'web', progress: true },
      { daemon: 'web', to: 3, file: '/f', dryRun: true, progress: true },
    ])
  })

  test('reload', async () => {
    const answer = ticket({ path: '' }, { verb: 'reload', now: { run: 1, pid: 41 } })
    const server = new FakeServer({ reload: () => [{ done: answer }] })
    expect(await runSystem(systemWith(server, 'reload', 'web', '--why', 'new hosts'))).toBe(
      'exit 0\nweb: reloaded in 120 ms, pid 41 (ticket 12)',
    )
    expect(server.requests[0]?.args).toEqual({ daemon: 'web', why: 'new hosts', progress: true })
  })
})

describe('a content that is not sent', () => {
  test.each([
    ['a file that does not exist', 'none.conf'],
    ['more than 1 MiB', 'large.conf'],
    ['a file without permission', 'secret.conf'],
    ['a folder', 'folder'],
  ])('%s', async (_, path) => {
    const server = new FakeServer()
    const system = withContent(server, 'apply', 'web', '--from', path)
    system.files.set('large.conf', { text: 'x'.repeat(1024 * 1024 + 1) })
    system.files.set('secret.conf', { error: 'EACCES' })
    system.files.set('folder', { error: 'EISDIR' })
    expect(await runSystem(system)).toMatchSnapshot()
    expect(server.connections).toBe(0)
  })

  test('exactly 1 MiB is sent', async () => {
    const server = new FakeServer({ apply: () => [{ done: ticket() }] })
    const system = withContent(server, 'apply', 'web', '--from', 'large.conf')
    system.files.set('large.conf', { text: 'x'.repeat(1024 * 1024) })
    expect(await runSystem(system)).toContain('exit 0')
    expect(server.contents[0]).toHaveLength(1024 * 1024)
  })

  test.each([
    ['apply', 'web'],
    ['plan', 'web', '--confirm', '1s', '--from', '-'],
    ['apply', 'web', '--from', '-', '--confirm', 'soon'],
    ['rollback', 'web', '--to', '0'],
    ['rollback', 'web', '--to', 'last'],
    ['confirm', 'twelve'],
    ['cancel'],
    ['history'],
  ])('a usage error: %s %s %s %s', async (...args) => {
    const server = new FakeServer()
    expect(await runSystem(withContent(server, ...args))).toMatchSnapshot()
    expect(server.connections).toBe(0)
  })
})

describe('success', () => {
  const own = { now: { run: 1, pid: 41 } }
  test.each([
    ['by a restart', ticket()],
    ['a daemon that was down', ticket({}, { old: null })],
    [
      'a daemon that does not run',
      ticket({ words: 'it does not run, and reads the file at its next start' }, { now: null }),
    ],
    ['by a signal', ticket({ activation: 'signal' }, own)],
    ['by a command', ticket({ activation: 'command' }, own)],
    ['by a request', ticket({ activation: 'http' }, own)],
    ['by itself', ticket({ activation: 'none' }, own)],
    ['unchanged', ticket({ result: 'unchanged', diff: '' }, own)],
    ['planned', ticket({ result: 'planned' }, own)],
    ['--no-wait', ticket({ step: 'waiting', result: null }, { outcome: 'open', now: null })],
  ])('%s', async (_, answer) => {
    expect(await applied({ done: answer })).toMatchSnapshot()
  })

  test('--diff shows the difference, in colours where there are any', async () => {
    const server = new FakeServer({ apply: () => [{ done: ticket() }] })
    const system = withContent(server, 'apply', 'web', '--from', '-', '--diff')
    const plain = await runSystem(system)
    expect(plain).toContain('-mode = one\n+mode = two')
    const coloured = withContent(server, 'apply', 'web', '--from', '-', '--diff')
    coloured.terminals = [1, 2]
    await runSystem(coloured)
    expect(coloured.stdout).toContain('\x1b[31m-mode = one\x1b[m\n\x1b[32m+mode = two\x1b[m')
  })

  test('a diff cannot move the cursor; tabs stay', async () => {
    const text = await applied({ done: ticket({ diff: '+\tx\x1b[2J\x07y\n' }) }, '--diff')
    expect(text).toContain('\n+\tx [2J y')
  })

  test('--json prints the answer unchanged', async () => {
    expect(await applied({ done: ticket() }, '--json')).toBe(`exit 0\n${JSON.stringify(ticket())}`)
  })
})

describe('failure', () => {
  const words = 'its check has refused it: line 3: bad\x1b[2J\nweb.conf is not valid'
  test.each([
    ['rejected', failed({ result: 'rejected', words })],
    [
      'rolled back',
      failed({ result: 'rolled back', words: 'it died: exit code 3' }, ['cannot use it', 'bye']),
    ],
    [
      'rollback failed',
      failed({ result: 'rollback failed', words: 'it died; and with its old content: it died' }),
    ],
  ])('%s: status 1, the cause, what is true now, what to do', async (_, answer) => {
    expect(await applied(answer)).toMatchSnapshot()
  })

  test.each([
    ['NO_SUCH_DAEMON', 3],
    ['NO_SUCH_FILE', 3],
    ['TIMED_OUT', 4],
    ['NOT_PERMITTED', 6],
    ['SUPERSEDED', 1],
    ['REQUEST_INVALID', 2],
  ])('%s: status %i', async (code, status) => {
    expect(await applied({ failed: { code, message: 'why', hint: 'do' } })).toBe(
      `exit ${status}\nstderr: pitcrew: why; do`,
    )
  })

  test('--json prints the failure with its change', async () => {
    const text = await applied(failed({ result: 'rejected', words: 'no' }), '--json')
    const [, line = ''] = text.split('\n')
    expect(JSON.parse(line)).toMatchObject({
      daemon: 'web',
      failed: { code: 'FAILED', ticket: 12, change: { result: 'rejected', words: 'no' } },
    })
  })

  test('--diff shows the difference that was refused', async () => {
    expect(await applied(failed({ result: 'rejected', words: 'no' }), '--diff')).toContain(
      '+mode = two',
    )
  })

  test('a lost connection', async () => {
    const server = new FakeServer({ apply: () => [null] })
    const system = withContent(server, 'apply', 'web', '--from', '-')
    expect(await runSystem(system)).toContain('exit 7\n')
  })
})

describe('--confirm', () => {
  const open = ticket({ step: 'preparing', result: null }, { outcome: 'open', now: null })
  const waiting = ticket(
    { step: 'confirming', result: null, confirmLeftMs: 58_200 },
    { outcome: 'open', now: null },
  )
  const progress = [
    { progress: { words: 'verifying: running', sinceMs: 1000 } },
    { progress: { words: 'confirming: ready', sinceMs: 2000 } },
    { progress: { words: 'confirming: ready', sinceMs: 3000 } },
  ]

  /** The change waits for its confirmation until this answer. */
  function serverWith(end: TicketAnswer): FakeServer {
    return new FakeServer({
      apply: () => [{ done: open }],
      ticket: ({ id, args }) => {
        // The request that waits is answered after the one that asks for the time left.
        if (args.wait === true) return progress
        return [{ done: waiting }, { id: id - 1, done: end }]
      },
    })
  }

  test('tells how to confirm, and returns with the outcome', async () => {
    const server = serverWith(ticket())
    const args = ['apply', 'web', '--from', '-', '--confirm', '1m', '--timeout', '2m']
    expect(await runSystem(withContent(server, ...args))).toMatchInlineSnapshot(`
      "exit 0
      waits for a confirmation: pitcrew confirm 12 (58 s left)
      applied web: /etc/web.conf, revision 7, restarted (pid 41 -> 57) in 120 ms (ticket 12)
      stderr: pitcrew: web: verifying: running (for 1 s)"
    `)
    expect(server.requests.map((request) => [request.verb, request.args])).toEqual([
      ['apply', { daemon: 'web', bytes: 11, confirmMs: 60_000, wait: false, progress: true }],
      ['ticket', { ticket: 12, wait: true, timeoutMs: 120_000, progress: true }],
      ['ticket', { ticket: 12 }],
    ])
  })

  test('rolled back: as if the request itself had failed', async () => {
    const words = 'it was not confirmed in time'
    const end = ticket({ result: 'rolled back', words }, { outcome: 'failed', cause: words })
    const args = ['apply', 'web', '--from', '-', '--confirm', '1m']
    expect(await runSystem(withContent(serverWith(end), ...args))).toMatchSnapshot()
    const json = await runSystem(withContent(serverWith(end), ...args, '--json'))
    expect(json).toContain('{"daemon":"web","failed":{"code":"FAILED","message":"cannot apply web')
    expect(json).toContain('stderr: pitcrew: ')
  })

  test.each([
    ['--no-wait', '--confirm'],
    ['--dry-run', '--confirm'],
  ])('%s does not wait for it', async (option) => {
    const server = serverWith(ticket())
    await runSystem(withContent(server, 'apply', 'web', '--from', '-', '--confirm', '1m', option))
    expect(server.requests.map(({ verb }) => verb)).toEqual(['apply'])
  })
})

describe('confirm and cancel', () => {
  test('print the outcome', async () => {
    const server = new FakeServer({
      confirm: () => [{ done: { ticket: 12 } }],
      ticket: () => [{ done: ticket() }],
    })
    expect(await runSystem(systemWith(server, 'confirm', '12'))).toBe(
      'exit 0\napplied web: /etc/web.conf, revision 7, restarted (pid 41 -> 57) in 120 ms (ticket 12)',
    )
    expect(server.requests.map(({ args }) => args)).toEqual([
      { ticket: 12 },
      { ticket: 12, wait: true, progress: true },
    ])
  })

  test.each([
    ['rolled back', 0],
    ['rejected', 0],
    ['rollback failed', 1],
    ['applied', 1],
  ] as const)('cancel of a change that is then %s: status %i', async (result, status) => {
    const server = new FakeServer({
      revoke: () => [{ done: { ticket: 12 } }],
      ticket: () => [{ done: ticket({ result, words: 'it was cancelled by uid 0, pid 9' }) }],
    })
    expect(await runSystem(systemWith(server, 'cancel', '12'))).toContain(`exit ${status}\n`)
  })

  test('an unknown ticket', async () => {
    const failure = { code: 'NO_SUCH_TICKET', message: 'cannot confirm: there is no ticket 9' }
    const server = new FakeServer({ confirm: () => [{ failed: { ...failure, hint: null } }] })
    expect(await runSystem(systemWith(server, 'confirm', '9'))).toBe(
      'exit 3\nstderr: pitcrew: cannot confirm: there is no ticket 9',
    )
  })
})

describe('history', () => {
  function revision(number: number, changes: Partial<RevisionItem> = {}): RevisionItem {
    return {
      revision: number,
      at: `2026-11-20T17:0${number}:00.000Z`,
      path: '/etc/web.conf',
      outcome: 'applied',
      cause: '',
      by: 'uid 0, pid 12',
      why: '',
      sha256: String(number).repeat(64),
      bytes: number * 600,
      lastGood: false,
      ...changes,
    }
  }
  const revisions = [
    revision(1, { outcome: 'found', by: 'pitcrew', sha256: null, bytes: null }),
    revision(2, { lastGood: true, why: 'allow a host' }),
    revision(3, { outcome: 'rolled back', cause: 'it died: exit code 3', why: 'deploy' }),
  ]

  async function shown(items: readonly RevisionItem[], columns: number | null): Promise<string> {
    const answers = [...items.map((item) => ({ item })), { done: { daemon: 'web' } }]
    const system = systemWith(new FakeServer({ history: () => answers }), 'history', 'web')
    if (columns !== null) {
      system.terminals = [1]
      system.size = { columns, rows: 24 }
      system.environment.set('NO_COLOR', '1')
    }
    return runSystem(system)
  }

  test.each([null, 80, 50])('in %s columns', async (columns) => {
    expect(await shown(revisions, columns)).toMatchSnapshot()
  })

  test('of several files', async () => {
    expect(await shown([...revisions, revision(4, { path: '/etc/hosts' })], null)).toMatchSnapshot()
  })

  test('nothing yet', async () => {
    expect(await shown([], 80)).toBe('exit 0\nno content of a file of web was recorded yet')
  })

  test('--json', async () => {
    const answers = [...revisions.map((item) => ({ item })), { done: { daemon: 'web' } }]
    const server = new FakeServer({ history: () => answers })
    expect(await runSystem(systemWith(server, 'history', 'web', '--json'))).toBe(
      `exit 0\n${JSON.stringify({ daemon: 'web', revisions })}`,
    )
  })
})

test.each([
  ['applied', ticket()],
  [
    'waiting for a confirmation',
    ticket(
      { step: 'confirming', result: null, confirmLeftMs: 5000 },
      { outcome: 'open', now: null },
    ),
  ],
])('ticket shows the change: %s', async (_, answer) => {
  const server = new FakeServer({ ticket: () => [{ done: answer }] })
  expect(await runSystem(systemWith(server, 'ticket', '12'))).toMatchSnapshot()
})
