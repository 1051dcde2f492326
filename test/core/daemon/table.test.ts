/** The table of daemon.ts, cell by cell: every event in every phase. */
import { describe, expect, test } from 'vitest'
import { type Rules, stepDaemon } from '../../../src/core/daemon/daemon.ts'
import { settle } from '../../../src/core/daemon/ending.ts'
import type { Daemon, DaemonEvent } from '../../../src/core/daemon/phases.ts'
import type { Effect } from '../../../src/core/effect.ts'
import type { Plan } from '../../../src/core/plan/plan.ts'
import { checkStep } from '../../../src/core/supervisor/invariants.ts'
import { initialState } from '../../../src/core/supervisor/state.ts'
import type { StepContext } from '../../../src/core/supervisor/step-context.ts'
import {
  alive,
  type Beat,
  elapsed,
  ended,
  exited,
  leaderExited,
  restart,
  spawnFailed,
  stop,
} from '../events.ts'
import { plan } from '../plans.ts'
import { beginMs, Game, up } from '../story.ts'

const web = plan({ web: {}, db: {} })
const probed = { sign: { type: 'tcp', host: '127.0.0.1', port: 80 }, timeoutMs: 1000 } as const
/** With all probes, a watchdog and a restart policy. */
const watched = plan({
  web: {
    ready: { ...probed, intervalMs: 100 },
    watchdogMs: 500,
    onDeath: ['/bin/tell'],
    restart: { policy: 'always', limit: { times: 2, windowMs: 60_000 } },
  },
  db: {},
})
const stopping: Beat[] = [restart('web')]
const killing: Beat[] = [...stopping, elapsed('escalate', 'web', 1), elapsed('grace', 'web', 1)]

/** Every phase in each form that its rules distinguish. */
const forms: Readonly<Record<string, Daemon>> = {
  'stopped, never ran': new Game(web).daemon('web'),
  'stopped, died': at(exited('web', 1, 3)),
  'stopped, not started': new Game(web).play('boot', spawnFailed('web', 1)).daemon('web'),
  'stopped, done': of(plan({ web: { kind: 'job' }, db: {} }), exited('web', 1)),
  'stopped, asked': at(stop('web'), exited('web', 1)),
  'stopped, skipped': new Game(plan({ db: {}, web: { after: ['db'] }, log: {} }))
    .play('boot', spawnFailed('db', 1))
    .daemon('web'),
  waiting: new Game(plan({ db: {}, web: { after: ['db'] } })).play('boot').daemon('web'),
  backoff: of(watched, exited('web', 1, 3)),
  'starting, wants up': at(restart('web'), exited('web', 1)),
  'starting, wants down': at(restart('web'), exited('web', 1), 'TERM'),
  running: at(),
  'running, not ready': of(watched),
  'running, ready': of(watched, { type: 'ready', daemon: 'web', run: 1 }),
  'terminating, wants up': at(...stopping),
  'terminating, wants down': at('TERM'),
  'terminating, tries again': of(watched, leaderExited('web', 1, 3)),
  'terminating, unfit': of(watched, elapsed('ready', 'web', 1)),
  'terminating, leader gone': at(...stopping, leaderExited('web', 1)),
  'terminating, died': at(leaderExited('web', 1, 3)),
  'killing, wants up': at(...killing),
  'killing, wants down': at(...killing, 'TERM'),
  'killing, leader gone': at(...killing, leaderExited('web', 1)),
  'killing, stuck': at(...killing, elapsed('stuck', 'web', 1)),
}

function at(...beats: Beat[]): Daemon {
  return of(web, ...beats)
}

function of(bundle: Plan, ...beats: Beat[]): Daemon {
  return up(bundle)
    .play(...beats)
    .daemon('web')
}

/** Every event in each form that its rules distinguish. */
function eventsFor(run: number): Readonly<Record<string, DaemonEvent>> {
  const atMs = beginMs + 1000
  const exit = { code: 3, signal: 0 }
  return {
    start: { type: 'start', atMs },
    turn: { type: 'turn', atMs },
    skip: { type: 'skip', needs: 'db', atMs },
    stop: { type: 'stop', graceMs: 500, atMs },
    restart: { type: 'restart', graceMs: 500, atMs },
    hold: { type: 'hold', guard: 'db', graceMs: 500, atMs },
    forward: { type: 'forward', signal: 'HUP', atMs },
    spawned: { type: 'spawned', run, pid: 9, atMs },
    'spawn-failed': { type: 'spawn-failed', run, step: 'exec', errno: 'ENOENT', atMs },
    executed: { type: 'executed', run, atMs },
    ready: { type: 'ready', run, atMs },
    'status-reported': { type: 'status-reported', run, status: 'at work', change: null, atMs },
    'watchdog-ping': { type: 'watchdog-ping', run, extendMs: 700, limitMs: 500, atMs },
    'unhealthy: not ready': { type: 'unhealthy', run, fault: 'not-ready', graceMs: 500, atMs },
    'unhealthy: not alive': { type: 'unhealthy', run, fault: 'not-alive', graceMs: 500, atMs },
    'exited, gone': { type: 'exited', run, ...exit, gone: true, outputOpen: false, atMs },
    'exited, not alone': { type: 'exited', run, ...exit, gone: false, outputOpen: true, atMs },
    gone: { type: 'gone', run, outputOpen: true, atMs },
    escalate: { type: 'escalate', run, atMs },
    grace: { type: 'grace', run, atMs },
    stuck: { type: 'stuck', run, atMs },
    backoff: { type: 'backoff', run, atMs },
    'reconcile: nothing': { type: 'reconcile', live: null, atMs },
    'reconcile: alive': { type: 'reconcile', live: alive('web', run, 9), atMs },
    'reconcile: leader gone': {
      type: 'reconcile',
      live: ended('web', run, 9, 3, 'rest alive'),
      atMs,
    },
    'reconcile: gone': { type: 'reconcile', live: ended('web', run, 9, 3), atMs },
    'reconcile: another run': { type: 'reconcile', live: alive('web', run + 7, 9), atMs },
  }
}

/** Steps one daemon as the supervisor does, with the invariants checked. */
function stepChecked(daemon: Daemon, event: DaemonEvent): StepContext {
  const state = initialState(web)
  state.daemons.set('web', daemon)
  state.recount()
  state.begin(event.atMs)
  state.advance(daemon, event)
  checkStep(state)
  return state
}

const names = Object.keys(forms)

test('every event has a decision in every phase, and keeps the invariants', () => {
  const rows = Object.entries(eventsFor(0)).map(([event]) => {
    const cells = names.map((name) => {
      const before = forms[name] as Daemon
      const context = stepChecked(before, eventsFor(before.run)[event] as DaemonEvent)
      const after = context.daemons.get('web') as Daemon
      const moved = after.phase !== before.phase || after.run !== before.run
      const changed = after !== before || context.effects.length > 0
      return moved ? after.phase : changed ? '!' : '.'
    })
    return [event, ...cells]
  })
  const head = ['', ...names.map((_, index) => String.fromCharCode(97 + index))]
  expect(toTable([head, ...rows])).toMatchInlineSnapshot(`
    table
                           a    b    c    d    e    f    g    h    i    j    k    l    m    n    o    p    q    r    s    t    u    v    w
    start                  wait wait wait wait wait wait .    wait !    !    .    .    .    !    !    !    !    !    !    !    !    !    !
    turn                   .    .    .    .    .    .    strt .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
    skip                   .    .    .    .    .    .    stop .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
    stop                   .    .    .    .    .    !    stop stop !    !    term term term !    !    !    !    !    !    !    !    !    !
    restart                wait wait wait wait wait wait !    wait !    !    term term term !    !    !    !    !    !    !    !    !    !
    hold                   .    .    .    .    .    .    .    .    !    .    term term term .    .    .    .    .    .    .    .    .    .
    forward                !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !    !
    spawned                .    .    .    .    .    .    .    .    run  term .    .    .    .    .    .    .    .    .    .    .    .    .
    spawn-failed           .    .    .    .    .    .    .    .    stop stop .    .    .    .    .    .    .    .    .    .    .    .    .
    executed               .    .    .    .    .    .    .    .    .    .    .    !    .    .    .    .    .    .    .    .    .    .    .
    ready                  .    .    .    .    .    .    .    .    .    .    .    !    .    .    .    .    .    .    .    .    .    .    .
    status-reported        .    .    .    .    .    .    .    .    .    .    !    !    !    .    .    .    .    .    .    .    .    .    .
    watchdog-ping          .    .    .    .    .    .    .    .    .    .    .    !    !    .    .    !    .    .    !    .    .    .    .
    unhealthy: not ready   .    .    .    .    .    .    .    .    .    .    .    term .    .    .    .    .    .    .    .    .    .    .
    unhealthy: not alive   .    .    .    .    .    .    .    .    .    .    term term term .    .    .    .    .    .    .    .    .    .
    exited, gone           .    .    .    .    .    .    .    .    .    .    stop back back wait stop back back wait stop wait stop wait wait
    exited, not alone      .    .    .    .    .    .    .    .    .    .    term term term !    !    !    !    !    !    !    !    !    !
    gone                   .    .    .    .    .    .    .    .    .    .    .    .    .    wait stop back back wait stop wait stop wait wait
    escalate               .    .    .    .    .    .    .    .    .    .    .    .    .    !    !    !    !    !    !    .    .    .    .
    grace                  .    .    .    .    .    .    .    .    .    .    .    .    .    kill kill kill kill kill kill .    .    .    .
    stuck                  .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    !    !    !    !
    back                   .    .    .    .    .    .    .    wait .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
    reconcile: nothing     .    .    .    .    .    .    .    !    wait stop stop back back wait stop back back wait stop wait stop wait wait
    reconcile: alive       !    !    !    !    !    !    !    !    run  term .    !    !    !    !    kill !    !    kill !    !    !    !
    reconcile: leader gone !    !    !    !    !    !    !    !    term term term term term !    !    kill !    !    kill !    !    !    !
    reconcile: gone        .    .    .    .    .    .    .    !    stop stop stop back back wait stop back back wait stop wait stop wait wait
    reconcile: another run !    !    !    !    !    !    !    !    wait stop stop back back wait stop back back wait stop wait stop wait wait
    a = stopped, never ran
    b = stopped, died
    c = stopped, not started
    d = stopped, done
    e = stopped, asked
    f = stopped, skipped
    g = waiting
    h = backoff
    i = starting, wants up
    j = starting, wants down
    k = running
    l = running, not ready
    m = running, ready
    n = terminating, wants up
    o = terminating, wants down
    p = terminating, tries again
    q = terminating, unfit
    r = terminating, leader gone
    s = terminating, died
    t = killing, wants up
    u = killing, wants down
    v = killing, leader gone
    w = killing, stuck
  `)
})

/** Columns are named by letters; a key explains them. */
function toTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => shorten(row[column]).length)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => shorten(cell).padEnd(widths[column] ?? 0))
      .join(' ')
      .trimEnd(),
  )
  const key = names.map((name, index) => `${String.fromCharCode(97 + index)} = ${name}`)
  return ['table', ...lines, ...key].join('\n')
}

/** Phases by their first letters; longer words are names of events. */
function shorten(cell = ''): string {
  const short = {
    stopped: 'stop',
    waiting: 'wait',
    backoff: 'back',
    starting: 'strt',
    running: 'run',
  }
  const more = { terminating: 'term', killing: 'kill' }
  return { ...short, ...more }[cell] ?? cell
}

describe('events of another run', () => {
  test.each(names)('change nothing: %s', (name) => {
    const daemon = forms[name] as Daemon
    for (const run of [daemon.run - 1, daemon.run + 1]) {
      for (const event of Object.values(eventsFor(run))) {
        if (!('run' in event)) continue
        const effects: Effect[] = []
        expect(stepDaemon(daemon, event, effects)).toBe(daemon)
        expect(effects).toEqual([])
      }
    }
  })
})

describe('no sequence of events', () => {
  test('leads to a step that throws or breaks an invariant', () => {
    const seen = new Map(Object.values(forms).map((daemon) => [shapeOf(daemon), daemon]))
    for (const daemon of seen.values()) {
      if (daemon.run > 4) continue
      for (const event of Object.values(eventsFor(daemon.run))) {
        const next = stepChecked(daemon, event).daemons.get('web') as Daemon
        if (!seen.has(shapeOf(next))) seen.set(shapeOf(next), next)
      }
    }
    expect(seen.size).toBeGreaterThan(100)
  }, 300_000)
})

/** All fields that a rule may depend on. */
function shapeOf(daemon: Daemon): string {
  return JSON.stringify({ ...daemon, spec: null })
}

test('a table with a missing cell does not compile', () => {
  type Running = Rules['running']
  const whole = null as unknown as Rules
  const fits: Rules = whole
  // @ts-expect-error the cell for `stuck` is missing
  const cell: Running = null as unknown as Omit<Running, 'stuck'>
  // @ts-expect-error the row for `killing` is missing
  const row: Rules = null as unknown as Omit<Rules, 'killing'>
  // @ts-expect-error a rule for an ending run does not fit into the row `running`
  const rule: Running['gone'] = settle
  // The proof is that this file compiles (`tsc -p .`); vitest ignores types.
  expect([fits, cell, row, rule]).toEqual([null, null, null, settle])
})
