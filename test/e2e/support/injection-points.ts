/** Where bugs are planted that only some daemons come by: for each place a bundle that leads there, and what happens all
 *  the same. See bug.test.ts. */
import { sh } from './pitcrew.ts'

export interface InjectionPoint {
  readonly what: string
  /** The type of an event, "perform-" and the type of an effect, "host-" and the type of an event of
   *  the host, or "elapsed-" and the kind of a timer. */
  readonly point: string
  readonly daemons: object
  /** Nobody comes by before TERM. */
  readonly isAtStop?: true
  /** What pitcrew says, all the same, in this order. */
  readonly lines: readonly (string | RegExp)[]
}

const stays = 'exec sleep 1000'
const soon = { backoff: '20ms' }
const often = { interval: '10ms' }
/** The first run goes wrong, the next one is well. */
const once = (script: string): string[] =>
  sh(
    `[ -e "$PITCREW_STATE_DIR/again" ] || { : > "$PITCREW_STATE_DIR/again"; ${script}; }; echo well; ${stays}`,
  )

const speaks = {
  command: sh(
    `"$NOTIFIES" STATUS=here WATCHDOG=1 READY=1; while :; do "$NOTIFIES" WATCHDOG=1; sleep 0.05; done`,
  ),
  ready: 'notify',
  watchdog: '5s',
}
const isLookedAt = { command: sh(stays), ready: { file: '/', ...often } }
const isReady = /web: ready after/

export const injectionPoints: readonly InjectionPoint[] = [
  {
    what: 'a newline',
    point: 'ready',
    daemons: { web: { command: sh(`echo >&3; ${stays}`), ready: 'fd' } },
    lines: [isReady],
  },
  {
    what: 'a line',
    point: 'ready',
    daemons: { web: { command: sh(`echo up; ${stays}`), ready: { log: 'up' } } },
    lines: [isReady],
  },
  { what: 'a message', point: 'ready', daemons: { web: speaks }, lines: [isReady] },
  { what: 'a look', point: 'ready', daemons: { web: isLookedAt }, lines: [isReady] },
  { what: 'a status', point: 'said', daemons: { web: speaks }, lines: [isReady] },
  { what: 'a sign of life', point: 'pinged', daemons: { web: speaks }, lines: [isReady] },
  {
    what: 'a failed look',
    point: 'unfit',
    daemons: {
      web: {
        command: sh(`echo up; ${stays}`),
        alive: { file: '/absent', ...often },
        restart: soon,
      },
    },
    lines: [/web: not alive, pid \d+, run 1/, /web: started, pid \d+, run 2/],
  },
  { what: 'a message', point: 'host-notify', daemons: { web: speaks }, lines: [isReady] },
  { what: 'its time', point: 'elapsed-look', daemons: { web: isLookedAt }, lines: [isReady] },
  {
    what: 'the end of a look',
    point: 'host-helper',
    daemons: { web: isLookedAt },
    lines: [isReady],
  },
  {
    what: 'the end of a command',
    point: 'host-exited',
    daemons: { web: { command: sh(stays), ready: { command: ['/bin/true'], ...often } } },
    lines: [isReady],
  },
  {
    what: 'an answer',
    point: 'host-probed',
    daemons: {
      web: { command: sh(stays), alive: { tcp: '127.0.0.1:1', ...often }, restart: soon },
    },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'a look that hangs',
    point: 'elapsed-helper',
    daemons: {
      web: {
        command: sh(stays),
        alive: { command: sh(stays), timeout: '50ms', ...often },
        restart: soon,
      },
    },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'the end of a backoff',
    point: 'elapsed',
    daemons: { web: { command: once('exit 3'), restart: soon } },
    lines: [/web: died: exit code 3/, /web: started, pid \d+, run 2/, '[web] well'],
  },
  {
    what: 'the end of the time to be ready',
    point: 'elapsed',
    daemons: {
      web: { command: sh(stays), ready: { log: 'never', timeout: '50ms' }, restart: soon },
    },
    lines: ['web: not ready in time', /web: started, pid \d+, run 2/],
  },
  {
    what: 'the end of the time to be silent',
    point: 'elapsed',
    daemons: { web: { command: sh(stays), watchdog: '50ms', restart: soon } },
    lines: ['web: silent for longer', /web: started, pid \d+, run 2/],
  },
  { what: 'for readiness', point: 'perform-watch', daemons: { web: isLookedAt }, lines: [isReady] },
  {
    what: 'for life',
    point: 'perform-watch',
    daemons: { web: { command: sh(stays), alive: { file: '/absent', ...often }, restart: soon } },
    lines: [/web: not alive, pid \d+, run 1/],
  },
  {
    what: 'a sign was there',
    point: 'perform-unwatch',
    daemons: { web: isLookedAt, api: { command: sh(`echo well; ${stays}`), after: ['web'] } },
    lines: ['[api] well'],
  },
  {
    what: 'for a death',
    point: 'perform-run-command',
    daemons: { web: { command: once('exit 3'), restart: soon, onDeath: { command: ['true'] } } },
    lines: [/web: died: exit code 3/, '[web] well'],
  },
  {
    what: 'for a stop',
    isAtStop: true,
    point: 'perform-run-command',
    daemons: { web: { command: sh(stays), stop: { command: ['true'], grace: '200ms' } } },
    lines: [/web: started/],
  },
  {
    what: 'that all are ready',
    point: 'perform-announce',
    daemons: { web: isLookedAt },
    lines: [isReady],
  },
  {
    what: 'that all are stopping',
    isAtStop: true,
    point: 'perform-announce',
    daemons: { web: { command: sh(stays), ready: { log: 'never' } } },
    lines: [/web: started/],
  },
  {
    what: 'a job is done',
    point: 'exited',
    daemons: {
      job: { command: ['true'], kind: 'job' },
      web: { command: sh(`echo well; ${stays}`), after: ['job'] },
    },
    lines: ['job: done', '[web] well'],
  },
]
