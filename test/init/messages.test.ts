/** The messages of pitcrew's log, and the exit report. */
import { describe, expect, test } from 'vitest'
import { noStreak } from '../../src/core/daemon/restart-policy.ts'
import type { Note, ShutdownReason } from '../../src/core/effect.ts'
import type { Requester, Ticket } from '../../src/core/ticket.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'
import { exitReportText } from '../../src/init/report/exit-report.ts'
import { commonWords, daemonOf, isPrinted } from '../../src/init/report/messages.ts'
import { elapsed, exited, leaderExited, restart, spawned, spawnFailed } from '../core/events.ts'
import { plan } from '../core/plans.ts'
import { Game, up } from '../core/story.ts'

const web = { daemon: 'web', run: 2, pid: 17 } as const
const ticket: Ticket = {
  id: 4,
  verb: 'restart',
  daemon: 'web',
  by: { kind: 'signal', signal: 'USR1' },
  why: '',
  requestedAtMs: 0,
  requests: 1,
  satisfiedByRun: 3,
  old: { run: 2, pid: 17 },
  stoppedAtMs: null,
  spawnedAtMs: null,
  outcome: { kind: 'open' },
}
const never = { kind: 'over', why: 'policy' } as const
const retry = { kind: 'retry', afterMs: 200, streak: { ...noStreak, length: 1 } } as const
const failed = {
  kind: 'start-failed',
  ...web,
  command: '/bin/web',
  verdict: never,
  uptimeMs: 0,
  status: '',
} as const
const own = { flaw: null, leftOthers: false } as const
const death = { ...web, status: '', verdict: never, ...own } as const

/** One of each kind that the compiler knows, with its variants. */
const notes: { readonly [K in Note['kind']]: readonly Extract<Note, { kind: K }>[] } = {
  started: [{ kind: 'started', ...web }],
  'start-failed': [
    { ...failed, step: 'exec', errno: 'ENOENT' },
    { ...failed, step: 'cwd', errno: 'EACCES' },
    { ...failed, step: 'user', errno: 'EPERM' },
    { ...failed, step: 'user', errno: 'user app is not in /etc/passwd' },
    { ...failed, step: 'limits', errno: 'EPERM' },
    { ...failed, step: 'fork', errno: 'EAGAIN' },
  ],
  died: [
    { kind: 'died', ...death, flaw: 'before-ready', uptimeMs: 5, code: 0, signal: 0 },
    { kind: 'died', ...death, leftOthers: true, uptimeMs: 5, code: 0, signal: 0 },
    { kind: 'died', ...death, uptimeMs: 90_061, code: 3, signal: 0 },
    { kind: 'died', ...death, uptimeMs: 5, code: 0, signal: 11 },
    { kind: 'died', ...death, uptimeMs: 5, code: 0, signal: 37 },
    { kind: 'died', ...death, uptimeMs: 5, code: 3, signal: 0, verdict: retry },
    {
      kind: 'died',
      ...death,
      uptimeMs: 5,
      code: 3,
      signal: 0,
      verdict: { kind: 'retry', afterMs: 30_000, streak: { ...noStreak, length: 8 } },
    },
    { kind: 'died', ...death, uptimeMs: 5, code: 3, signal: 0, verdict: { ...retry, afterMs: 0 } },
    {
      kind: 'died',
      ...death,
      uptimeMs: 5,
      code: 3,
      signal: 0,
      verdict: { kind: 'over', why: 'limit', times: 5, windowMs: 60_000 },
    },
    {
      kind: 'died',
      ...death,
      uptimeMs: 5,
      code: 3,
      signal: 0,
      verdict: { kind: 'over', why: 'main' },
    },
  ],
  unfit: [
    { kind: 'unfit', ...death, uptimeMs: 5000, fault: 'not-ready' },
    { kind: 'unfit', ...death, uptimeMs: 5000, fault: 'not-alive', verdict: retry },
    { kind: 'unfit', ...death, uptimeMs: 5000, fault: 'watchdog', verdict: retry },
  ],
  ready: [{ kind: 'ready', daemon: 'web', run: 2, afterMs: 310 }],
  done: [
    { kind: 'done', ...web, uptimeMs: 2100, leftOthers: false },
    { kind: 'done', ...web, uptimeMs: 2100, leftOthers: true },
  ],
  waits: [{ kind: 'waits', daemon: 'web', for: 'db' }],
  skipped: [{ kind: 'skipped', daemon: 'web', needs: 'db' }],
  held: [{ kind: 'held', daemon: 'web', run: 2, guard: 'proxy' }],
  stopped: [
    { kind: 'stopped', ...web, code: 0, signal: 0 },
    { kind: 'stopped', ...web, code: 0, signal: 15 },
  ],
  killing: [{ kind: 'killing', daemon: 'web', run: 2, afterMs: 8500 }],
  stuck: [{ kind: 'stuck', daemon: 'web', run: 2 }],
  'end-missed': [{ kind: 'end-missed', daemon: 'web', run: 2 }],
  forwarded: [{ kind: 'forwarded', daemon: 'web', signal: 'HUP', pid: 17 }],
  'not-forwarded': [{ kind: 'not-forwarded', daemon: 'web', signal: 'HUP' }],
  'signal-ignored': [
    { kind: 'signal-ignored', signal: 'HUP', times: 1, shuttingDown: false },
    { kind: 'signal-ignored', signal: 'HUP', times: 100, shuttingDown: false },
    { kind: 'signal-ignored', signal: 'USR1', times: 1, shuttingDown: true },
  ],
  ticket: [
    { kind: 'ticket', ticket },
    ended({ kind: 'superseded', by: 5, verb: 'shutdown', tookMs: 3 }),
    ended({ kind: 'superseded', by: 5, verb: 'stop', tookMs: 3 }),
    ended({ kind: 'done', now: { run: 3, pid: 18 }, changed: true, tookMs: 40 }, { requests: 3 }),
    ended({ kind: 'done', now: { run: 3, pid: 18 }, changed: true, tookMs: 0 }, { old: null }),
    ended({ kind: 'failed', why: 'no such daemon', tookMs: 0 }),
    ended(
      { kind: 'done', now: { run: 3, pid: 18 }, changed: true, tookMs: 40 },
      { by: client(0, 12, null), why: 'new certificate' },
    ),
    ended(
      { kind: 'done', now: null, changed: true, tookMs: 40 },
      { verb: 'stop', by: client(0, 40, 'agent'), requests: 2, why: 'a\nb\u2028c' },
    ),
    ended(
      { kind: 'done', now: null, changed: false, tookMs: 0 },
      { verb: 'stop', by: client(null, null, null) },
    ),
    ended(
      { kind: 'done', now: { run: 3, pid: 18 }, changed: false, tookMs: 0 },
      { verb: 'start', by: client(0, null, null) },
    ),
    ended({ kind: 'failed', why: 'exit code 3', tookMs: 7 }, { by: { kind: 'policy' } }),
    ended(
      { kind: 'ended', exitCode: 3, tookMs: 900 },
      { verb: 'shutdown', daemon: null, by: { kind: 'hangup' } },
    ),
  ],
  shutdown: [
    shutdown({ kind: 'signal', signal: 'TERM' }, 3),
    shutdown({ kind: 'hangup' }, 1),
    shutdown({ kind: 'request', by: client(0, 12, null), why: '' }, 1),
    shutdown({ kind: 'request', by: client(0, 40, 'agent'), why: 'update\nnow' }, 1),
    shutdown({ kind: 'main-ended', daemon: 'web' }, 0),
    shutdown({ kind: 'critical-ended', daemon: 'web' }, 2),
    shutdown({ kind: 'given-up', daemon: 'web' }, 2),
  ],
  'deadline-missed': [{ kind: 'deadline-missed', daemons: ['web', 'db'] }],
  'output-stalled': [
    { kind: 'output-stalled', errno: 'EAGAIN' },
    { kind: 'output-stalled', errno: 'ENOMEM' },
  ],
  'output-resumed': [{ kind: 'output-resumed', afterMs: 61_500 }],
}

function ended(
  outcome: Ticket['outcome'],
  more: Partial<Ticket> = {},
): Extract<Note, { kind: 'ticket' }> {
  return { kind: 'ticket', ticket: { ...ticket, ...more, outcome } }
}

function client(uid: number | null, pid: number | null, daemon: string | null): Requester {
  return { kind: 'client', uid, pid, daemon }
}

function shutdown(reason: ShutdownReason, daemons: number): Extract<Note, { kind: 'shutdown' }> {
  return { kind: 'shutdown', reason, daemons, deadlineMs: 9000 }
}

function messageOf(note: Note): string {
  const daemon = daemonOf(note)
  return daemon === null ? wordsOf(note) : `${daemon}: ${wordsOf(note)}`
}

function wordsOf(note: Note): string {
  switch (note.kind) {
    case 'died':
    case 'unfit':
    case 'start-failed':
      return auxiliary.describeDeath(note, null, '').words
    default:
      return commonWords(note) ?? auxiliary.rareWords(note)
  }
}

test('each note is one line', () => {
  const lines = Object.values(notes).flat().map(messageOf)
  expect(lines.every((line) => line !== '' && !line.includes('\n'))).toBe(true)
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    web: started, pid 17, run 2
    web: cannot start (run 2): cannot execute /bin/web: no such file or directory (ENOENT); restart policy is never
    web: cannot start (run 2): cannot enter its working directory: permission denied (EACCES); restart policy is never
    web: cannot start (run 2): cannot switch to its user: not permitted (EPERM); restart policy is never
    web: cannot start (run 2): cannot switch to its user: user app is not in /etc/passwd; restart policy is never
    web: cannot start (run 2): cannot set its limits: not permitted (EPERM); restart policy is never
    web: cannot start (run 2): fork: a system limit is reached (EAGAIN); restart policy is never
    web: died: exit code 0 before it was ready, pid 17, run 2, after 5 ms; restart policy is never
    web: died: exit code 0, pid 17, run 2, after 5 ms, leaving processes behind: if it puts itself into the background, run it in the foreground ("daemon off;", -D, --nodaemon); restart policy is never
    web: died: exit code 3, pid 17, run 2, after 1 min 30.061 s; restart policy is never
    web: died: signal SEGV, pid 17, run 2, after 5 ms; restart policy is never
    web: died: signal RTMIN+3, pid 17, run 2, after 5 ms; restart policy is never
    web: died: exit code 3, pid 17, run 2, after 5 ms; restarting in 200 ms
    web: died: exit code 3, pid 17, run 2, after 5 ms; restarting in 30 s, restart 8 in a row
    web: died: exit code 3, pid 17, run 2, after 5 ms; restarting at once
    web: died: exit code 3, pid 17, run 2, after 5 ms; given up after 5 restarts in 1 min
    web: died: exit code 3, pid 17, run 2, after 5 ms; the main daemon is not restarted
    web: not ready in time, pid 17, run 2, after 5 s: stopping it; restart policy is never
    web: not alive, pid 17, run 2, after 5 s: stopping it; restarting in 200 ms
    web: silent for longer than its watchdog allows, pid 17, run 2, after 5 s: stopping it; restarting in 200 ms
    web: ready after 310 ms (run 2)
    web: done, pid 17, run 2, after 2.1 s
    web: done, pid 17, run 2, after 2.1 s, leaving processes behind: if it puts itself into the background, run it in the foreground ("daemon off;", -D, --nodaemon)
    web: waits for db
    web: not started: it needs db, which has failed
    web: stopping it until its guard proxy is ready again (run 2)
    web: stopped: exit code 0, pid 17, run 2
    web: stopped: signal TERM, pid 17, run 2
    web: still running 8.5 s after the stop signal: sending KILL (run 2)
    web: still running after KILL (run 2)
    web: run 2 has ended; its exit status was not seen
    web: HUP forwarded to pid 17
    web: HUP not forwarded: it is not running
    HUP ignored: not in "signals:"
    HUP ignored: not in "signals:" (100 times so far)
    USR1 ignored: shutting down
    web: restart (USR1): in progress
    web: restart (USR1): superseded by the shutdown
    web: restart (USR1): superseded by a stop
    web: restart (USR1, requested 3 times): done in 40 ms, pid 17 -> 18
    web: restart (USR1): done in 0 ms, pid none -> 18
    web: restart (USR1): failed: no such daemon
    web: restart (uid 0, pid 12: new certificate): done in 40 ms, pid 17 -> 18
    web: stop (daemon agent, pid 40, requested 2 times: a b c): done in 40 ms
    web: stop (uid unknown): nothing to do: it is stopped
    web: start (uid 0): nothing to do: it is ready, pid 18
    web: restart (restart policy): failed: exit code 3
    shutdown (hangup): done in 900 ms, exit code 3
    TERM: stopping 3 daemons, deadline 9 s
    the terminal is gone: stopping 1 daemon, deadline 9 s
    shutdown (uid 0, pid 12): stopping 1 daemon, deadline 9 s
    shutdown (daemon agent, pid 40): update now: stopping 1 daemon, deadline 9 s
    web is the main daemon and has ended: stopping 0 daemons, deadline 9 s
    web is critical and is given up: stopping 2 daemons, deadline 9 s
    web is given up: stopping 2 daemons, deadline 9 s
    deadline reached: killed web, db
    stdout is stalled: the reader of pitcrew's stdout does not read, and it is full
    stdout is stalled: it cannot be written now (ENOMEM)
    stdout resumed after a stall of 1 min 1.5 s
  `)
})

describe('only in the journal:', () => {
  const done = { kind: 'done', now: { run: 3, pid: 18 }, changed: true, tookMs: 1 } as const
  const policy = { by: { kind: 'policy' } } as const

  test('a ticket of the restart policy, since the message of the death reports it', () => {
    expect(isPrinted(ended(done, policy))).toBe(false)
    expect(isPrinted(ended({ kind: 'failed', why: 'exit code 3', tookMs: 1 }, policy))).toBe(false)
  })

  test('the ticket of the shutdown', () => {
    const outcome = { kind: 'ended', exitCode: 0, tookMs: 1 } as const
    expect(isPrinted(ended(outcome, { verb: 'shutdown', daemon: null }))).toBe(false)
  })

  test('not a ticket of a request, and no other note', () => {
    expect(isPrinted(ended(done))).toBe(true)
    expect(isPrinted({ kind: 'waits', daemon: 'web', for: 'db' })).toBe(true)
  })
})

describe('the exit report explains the exit code', () => {
  function reportOf(game: Game): string {
    const finish = game.effects.at(-1)
    if (finish?.type !== 'finish') throw new Error('it has not finished')
    return exitReportText(finish.report, 1_700_000_000_000, { bytes: 12, lines: 1 }, new Map())
  }

  test('daemon by daemon', () => {
    const game = up(plan({ web: {}, db: {}, log: {} })).play(
      exited('web', 1, 3),
      restart('web'),
      spawned('web', 2, 17),
      exited('log', 1, 'SEGV'),
      'TERM',
      exited('web', 2, 4),
      exited('db', 1, 143),
    )
    expect(reportOf(game)).toMatchInlineSnapshot(`
      {
        "exitCode": 4,
        "from": "web",
        "at": "2023-11-14T22:13:20.000Z",
        "reason": "TERM",
        "askedBy": "TERM",
        "why": "",
        "output": {
          "lostBytes": 12,
          "lostLines": 1
        },
        "daemons": [
          {
            "name": "web",
            "runs": 2,
            "ended": "code 4",
            "asked": true,
            "counted": 4
          },
          {
            "name": "db",
            "runs": 1,
            "ended": "code 143",
            "asked": true,
            "counted": 0
          },
          {
            "name": "log",
            "runs": 1,
            "ended": "SEGV",
            "asked": false,
            "counted": 0
          }
        ]
      }
    `)
  })

  test('with daemons that could not be started, had not ended, or never ran', () => {
    const game = new Game(plan({ web: {}, db: {}, log: {} })).play(
      'boot',
      spawnFailed('web', 1),
      spawned('db', 1, 7),
      'TERM',
      leaderExited('db', 1, 5),
      elapsed('deadline'),
    )
    expect(reportOf(game)).toMatchInlineSnapshot(`
      {
        "exitCode": 127,
        "from": "web",
        "at": "2023-11-14T22:13:20.000Z",
        "reason": "TERM",
        "askedBy": "TERM",
        "why": "",
        "output": {
          "lostBytes": 12,
          "lostLines": 1
        },
        "daemons": [
          {
            "name": "web",
            "runs": 1,
            "ended": "could not start: exec: ENOENT",
            "asked": false,
            "counted": 127
          },
          {
            "name": "db",
            "runs": 1,
            "ended": "code 5",
            "asked": true,
            "counted": 5
          },
          {
            "name": "log",
            "runs": 1,
            "ended": null,
            "asked": null,
            "counted": 0
          }
        ]
      }
    `)
  })
})
