/** The effects of the core, each kind in one record: how it is described, how it is performed, and
 *  what its loss means. */

import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import { signalNumbers } from '../../core/signals.ts'
import { describeTimer } from '../../core/text/describe.ts'
import type { Performer } from './perform.ts'

export interface EffectKind<E extends Effect = Effect> {
  /** For messages and stories: "TERM to web 1". */
  describe(effect: E): string
  /** Makes a call or two of the host. Throws what the host throws.
   *  @returns The immediate outcome, if any. */
  perform(effect: E, performer: Performer): Event | null
  /** It could not be performed. `repeat`: the state is reconciled with the live runs, which emits it
   *  again. `ignore`: that is harmless. A function returns what it means for the core, if anything.
   */
  readonly lost:
    | 'repeat'
    | 'ignore'
    | ((effect: E, performer: Performer, problem: string) => Event | null)
}

export function describeEffect(effect: Effect): string {
  return effectKinds[effect.type].describe(effect)
}

type Run = { readonly type: string; readonly daemon: string; readonly run: number }

/** "spawn web 1" */
function describeRun({ type, daemon, run }: Run): string {
  return `${type} ${daemon} ${run}`
}

const targets = { leader: '', rest: 'the rest of ', tree: 'the tree of ' } as const

type Kinds = { readonly [T in Effect['type']]: EffectKind<Extract<Effect, { type: T }>> }

// The one cast: a record gets effects of its own type only.
export const effectKinds = {
  spawn: {
    describe: describeRun,
    perform: (effect, performer) => performer.spawn(effect),
    lost: (effect, performer, problem) => performer.spawnLost(effect, problem),
  },
  signal: {
    describe: ({ daemon, run, signal, to }) => `${signal} to ${targets[to]}${daemon} ${run}`,
    perform({ daemon, run, signal, to }, { host }) {
      host.stop(daemon, run, signalNumbers[signal], to)
      return null
    },
    lost: 'repeat',
  },
  forward: {
    describe: ({ daemon, run, signal }) => `forward ${signal} to ${daemon} ${run}`,
    perform({ daemon, run, signal }, { host }) {
      host.signal(daemon, run, signalNumbers[signal], 'leader')
      return null
    },
    lost: 'repeat',
  },
  probe: {
    describe: describeRun,
    perform({ daemon, run }, performer) {
      performer.reportSurvivors(daemon, run)
      performer.host.signal(daemon, run, 0, 'tree')
      return null
    },
    lost: 'ignore',
  },
  'close-output': {
    describe: describeRun,
    perform({ daemon, run }, { host }) {
      host.closeOutput(daemon, run)
      return null
    },
    lost: 'repeat',
  },
  watch: {
    describe: (effect) => `watch ${effect.daemon} ${effect.run} for ${effect.for}`,
    perform(effect, performer) {
      performer.watch(effect)
      return null
    },
    lost: 'repeat',
  },
  unwatch: {
    describe: describeRun,
    perform({ daemon }, { services }) {
      services?.probes.unwatch(daemon)
      return null
    },
    lost: 'repeat',
  },
  'run-command': {
    describe: ({ daemon, run, about }) =>
      `run the ${about === null ? 'stop' : 'death'} command of ${daemon} ${run}`,
    perform(effect, performer) {
      performer.runCommand(effect)
      return null
    },
    // Like the failure of a stop command itself: the stop signal follows at once.
    lost: ({ daemon, run, about }, { host }) =>
      about === null
        ? { type: 'elapsed', timer: { kind: 'escalate', daemon, run }, atMs: host.now() }
        : null,
  },
  'end-command': {
    describe: describeRun,
    perform({ daemon }, { services }) {
      services?.hooks.cancelStop(daemon)
      return null
    },
    lost: 'repeat',
  },
  announce: {
    describe: ({ state }) => `announce ${state}`,
    perform({ state }, { host }) {
      if (state === 'STOPPING=1') host.startShutdownWatchdog()
      host.notify(state)
      return null
    },
    lost: 'repeat',
  },
  arm: {
    describe: ({ timer, afterMs }) => `arm ${describeTimer(timer)} ${Math.round(afterMs)} ms`,
    perform({ timer, afterMs }, { host, timers }) {
      timers.arm(timer, host.now() + afterMs)
      return null
    },
    lost: 'repeat',
  },
  disarm: {
    describe: ({ timer }) => `disarm ${describeTimer(timer)}`,
    perform({ timer }, { timers }) {
      timers.disarm(timer)
      return null
    },
    lost: 'ignore',
  },
  report: {
    describe: ({ note }) => `report ${note.kind}`,
    perform({ note }, { reporter, control }) {
      reporter.report(note)
      control.operations?.noted(note)
      if (note.kind === 'ticket') control.handle({ type: 'ended', ticket: note.ticket })
      return null
    },
    lost({ note }, { control }) {
      if (note.kind === 'ticket') control.drop() // See `accepted`.
      return null
    },
  },
  accepted: {
    describe: ({ token, ticket, joined }) =>
      `accept ${token}: ticket ${ticket.id}${joined ? ', joined' : ''}`,
    perform(effect, { control }) {
      control.handle(effect)
      return null
    },
    /** A client awaits it, and it is not emitted again. */
    lost(_, { control }) {
      control.drop()
      return null
    },
  },
  operate: {
    describe: ({ verb, daemon }) => `${verb} ${daemon}`,
    perform(effect, performer) {
      performer.operate(effect)
      return null
    },
    // The failure is logged, and the signal can be sent again.
    lost: 'ignore',
  },
  replanned: {
    describe: ({ problem }) => `replanned${problem === null ? '' : `: ${problem}`}`,
    perform({ problem }, { control }) {
      control.operations?.replanned(problem)
      return null
    },
    // The operation looks at the plan in force when its time is over.
    lost: 'ignore',
  },
  finish: {
    describe: ({ report: { code, from } }) => `finish ${code}${from === null ? '' : ` (${from})`}`,
    perform(effect, performer) {
      performer.finish(effect)
      return null
    },
    lost: 'repeat',
  },
} satisfies Kinds as unknown as Readonly<Record<Effect['type'], EffectKind>>
