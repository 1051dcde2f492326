/** Points of fault injection that only some bundles reach: for each a bundle that reaches it,
 *  and the log lines that must appear despite the fault. See fault-injection.test.ts. */
import { sh } from './pitcrew.ts'

export interface InjectionPoint {
  readonly what: string
  /** The type of an event, "perform-" and the type of an effect, "host-" and the type of an
   *  event of the host, or "elapsed-" and the kind of a timer. */
  readonly point: string
  readonly daemons: object
  /** The point is reached only after TERM. */
  readonly isAtStop?: true
  /** Lines that pitcrew prints despite the fault, in this order. */
  readonly lines: readonly (string | RegExp)[]
}

const sleeps = 'exec sleep 1000'
const soon = { backoff: '20ms' }
const often = { interval: '10ms' }
/** The first run executes the script, the next one prints "well" and sleeps. */
const firstRun = (script: string): string[] =>
  sh(
    `[ -e "$PITCREW_STATE_DIR/again" ] || { : > "$PITCREW_STATE_DIR/again"; ${script}; }; echo well; ${sleeps}`,
  )

const notifying = {
  command: sh(
    `"$NOTIFIES" STATUS=here WATCHDOG=1 READY=1; while :; do "$NOTIFIES" WATCHDOG=1; sleep 0.05; done`,
  ),
  ready: 'notify',
  watchdog: '5s',
}
const probed = { command: sh(sleeps), ready: { file: '/', ...often } }
const readyLine = /web: ready after/

export const injectionPoints: readonly InjectionPoint[] = [
  {
    what: 'a newline',
    point: 'ready',
    daemons: { web: { command: sh(`echo >&3; ${sleeps}`), ready: 'fd' } },
    lines: [readyLine],
  },
  {
    what: 'a line',
    point: 'ready',
    daemons: { web: { command: sh(`echo up; ${sleeps}`), ready: { log: 'up' } } },
    lines: [readyLine],
  },
  { what: 'a message', point: 'ready', daemons: { web: notifying }, lines: [readyLine] },
  { what: 'a probe', point: 'ready', daemons: { web: probed }, lines: [readyLine] },
  { what: 'a status', point: 'status-reported', daemons: { web: notifying }, lines: [readyLine] },
  {
    what: 'a watchdog ping',
    point: 'watchdog-ping',
    daemons: { web: notifying },
    lines: [readyLine],
  },
  {
    what: 'a failed health check',
    point: 'unhealthy',
    daemons: {
      web: {
        command: sh(`echo up; ${sleeps}`),
        alive: { file: '/absent', ...often },
        restart: soon,
      },
    },
    lines: [/web: not alive, pid \d+, run 1/, /web: started, pid \d+, run 2/],
  },
  { what: 'a message', point: 'host-notify', daemons: { web: notifying }, lines: [readyLine] },
  { what: 'the next probe', point: 'elapsed-probe', daemons: { web: probed }, lines: [readyLine] },
  {
    what: 'the result of a probe',
    point: 'host-helper',
    daemons: { web: probed },
    lines: [readyLine],
  },
  {
    what: 'the end of a command',
    point: 'host-exited',
    daemons: { web: { command: sh(sleeps), ready: { command: ['/bin/true'], ...often } } },
    lines: [readyLine],
  },
  {
    what: 'the result of a connection',
    point: 'host-probed',
    daemons: {
      web: { command: sh(sleeps), alive: { tcp: '127.0.0.1:1', ...often }, restart: soon },
    },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'the timeout of a probe',
    point: 'elapsed-command-timeout',
    daemons: {
      web: {
        command: sh(sleeps),
        alive: { command: sh(sleeps), timeout: '50ms', ...often },
        restart: soon,
      },
    },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'the end of a backoff',
    point: 'elapsed',
    daemons: { web: { command: firstRun('exit 3'), restart: soon } },
    lines: [/web: died: exit code 3/, /web: started, pid \d+, run 2/, '[web] well'],
  },
  {
    what: 'the readiness timeout',
    point: 'elapsed',
    daemons: {
      web: { command: sh(sleeps), ready: { log: 'never', timeout: '50ms' }, restart: soon },
    },
    lines: ['web: not ready in time', /web: started, pid \d+, run 2/],
  },
  {
    what: 'the watchdog timeout',
    point: 'elapsed',
    daemons: { web: { command: sh(sleeps), watchdog: '50ms', restart: soon } },
    lines: ['web: silent for longer', /web: started, pid \d+, run 2/],
  },
  { what: 'readiness probe', point: 'perform-watch', daemons: { web: probed }, lines: [readyLine] },
  {
    what: 'health check',
    point: 'perform-watch',
    daemons: { web: { command: sh(sleeps), alive: { file: '/absent', ...often }, restart: soon } },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'readiness reached',
    point: 'perform-unwatch',
    daemons: { web: probed, api: { command: sh(`echo well; ${sleeps}`), after: ['web'] } },
    lines: ['[api] well'],
  },
  {
    what: 'onDeath command',
    point: 'perform-run-command',
    daemons: {
      web: { command: firstRun('exit 3'), restart: soon, onDeath: { command: ['true'] } },
    },
    lines: [/web: died: exit code 3/, '[web] well'],
  },
  {
    what: 'stop command',
    isAtStop: true,
    point: 'perform-run-command',
    daemons: { web: { command: sh(sleeps), stop: { command: ['true'], grace: '200ms' } } },
    lines: [/web: started/],
  },
  {
    what: 'READY=1',
    point: 'perform-announce',
    daemons: { web: probed },
    lines: [readyLine],
  },
  {
    what: 'STOPPING=1',
    isAtStop: true,
    point: 'perform-announce',
    daemons: { web: { command: sh(sleeps), ready: { log: 'never' } } },
    lines: [/web: started/],
  },
  {
    what: 'the end of a job',
    point: 'exited',
    daemons: {
      job: { command: ['true'], kind: 'job' },
      web: { command: sh(`echo well; ${sleeps}`), after: ['job'] },
    },
    lines: ['job: done', '[web] well'],
  },
]
