/** The trace of a schedule: all events to pitcrew, its actions, and the actions of processes, in
 *  order. The checkers process it; `storyOf` prints it. */

import type { Exit } from '../../../src/core/event.ts'
import { signalName } from '../../../src/core/signals.ts'
import { describeExit } from '../../../src/core/text/cause.ts'
import type {
  HostEvent,
  LiveRun,
  SignalAnswer,
  SignalTarget,
  SpawnAnswer,
} from '../../../src/host/host.ts'
import { linesOf } from '../../notify-fields.ts'
import type { Act } from '../world/schedule.ts'
import type { When } from './facts.ts'

export type Moment = When & What

export type What =
  | { readonly what: 'act'; readonly act: Act }
  | Call
  | { readonly what: 'fault'; readonly fault: string }
  | {
      readonly what: 'spawn'
      readonly daemon: string
      readonly run: number
      readonly answer: SpawnAnswer
      readonly tookMs: number
    }
  /** A child that hung has executed its program, or is killed by the host because it has not. */
  | {
      readonly what: 'executed' | 'too-slow'
      readonly pid: number
      readonly daemon: string
      readonly run: number
    }
  | {
      readonly what: 'signal'
      readonly daemon: string
      readonly run: number
      readonly signal: number
      readonly to: SignalTarget
      /** With CONT behind it. */
      readonly isStop: boolean
      readonly answer: SignalAnswer
    }
  | { readonly what: 'say'; readonly line: string }
  /** A probe begins. `of`: the daemon at its address. */
  | {
      readonly what: 'look'
      readonly id: number
      readonly of: string
      readonly errno: string | null
    }
  | { readonly what: 'forget'; readonly id: number }
  | { readonly what: 'announce'; readonly text: string }
  | { readonly what: 'complain'; readonly text: string }
  /** A line to a client of the control socket, and the end of its connection. */
  | { readonly what: 'answer'; readonly client: number; readonly line: string }
  | { readonly what: 'close-client'; readonly client: number }
  /** The client closed its connection; pitcrew gets the event a little later. */
  | { readonly what: 'hung-up'; readonly client: number }
  | { readonly what: 'append'; readonly id: number; readonly text: string }
  | { readonly what: 'close-output'; readonly daemon: string; readonly run: number }
  | { readonly what: 'report'; readonly text: string }
  | { readonly what: 'finish'; readonly code: number; readonly flushMs: number }
  | Hit
  | {
      readonly what: 'born'
      readonly pid: number
      readonly place: string
      readonly daemon: string
      readonly run: number
    }
  | Ended
  | { readonly what: 'last-word' | 'last-word-starts' }
  | { readonly what: 'end'; readonly code: number }

/** A call into pitcrew. Its effects follow, up to the next call. */
export type Call = {
  readonly what: 'call'
  readonly event: HostEvent | Recovery
  /** It failed, so that its effects may be incomplete. */
  failed: boolean
  doneAtMs: number
  /** The alarm that was set at its end. */
  wakeAtMs: number
  /** Events in pitcrew's own queue. */
  mostWaiting: number
}

export interface Recovery {
  readonly type: 'recover'
  readonly shutdownAsked: boolean
  live: readonly LiveRun[]
}

/** A process receives a signal from pitcrew. */
interface Hit {
  readonly what: 'hit'
  readonly pid: number
  readonly signal: number
  readonly daemon: string
  readonly run: number
  /** The process belongs to that run. */
  readonly isOurs: boolean
  readonly isStop: boolean
}

interface Ended {
  readonly what: 'ended'
  readonly pid: number
  readonly place: string
  readonly daemon: string
  readonly run: number
  readonly exit: Exit
}

export function describeMoment(moment: Moment): string {
  switch (moment.what) {
    case 'act':
      return `      *** ${describeAct(moment.act)}`
    case 'call':
      return `${describeCall(moment.event)}${moment.failed ? ', WHICH FAILS' : ''}`
    case 'fault':
      return `    ! ${moment.fault}`
    case 'spawn':
      return `    spawn ${name(moment)}: ${describeAnswer(moment.answer)}`
    case 'executed':
      return `      ${name(moment)}, pid ${moment.pid}, executes its program`
    case 'too-slow':
      return `      ${name(moment)}, pid ${moment.pid}, hangs for too long: it gets KILL`
    case 'signal':
      return `    signal ${signalName(moment.signal)} to ${moment.to === 'leader' ? '' : `the ${moment.to} of `}${name(moment)}: ${moment.answer}`
    case 'say':
      return `    > ${moment.line}`
    case 'look':
      return `    probe ${moment.id} of ${moment.of}${moment.errno === null ? '' : `: ${moment.errno}`}`
    case 'forget':
      return `    cancel probe ${moment.id}`
    case 'announce':
      return `    announce ${moment.text}`
    case 'complain':
      return `    2> ${moment.text}`
    case 'answer':
      return `    to client ${moment.client}: ${moment.line}`
    case 'close-client':
      return `    close client ${moment.client}`
    case 'hung-up':
      return `      client ${moment.client} closes its connection`
    case 'append':
      return `    helper ${moment.id}: append ${moment.text.split('\n').length - 1} lines to the journal`
    case 'close-output':
      return `    close the output of ${name(moment)}`
    case 'report':
      return `    exit report ${moment.text}`
    case 'finish':
      return `    finish ${moment.code}, flush for ${moment.flushMs} ms`
    case 'hit':
      return `      pid ${moment.pid}${moment.isOurs ? '' : ', a foreign process,'} gets ${signalName(moment.signal)}`
    case 'born':
      return `      born: ${moment.place} of ${name(moment)}, pid ${moment.pid}`
    case 'ended':
      return `      ended: ${moment.place} of ${name(moment)}, pid ${moment.pid}: ${describeExit(moment.exit)}`
    case 'last-word-starts':
      return '    the shutdown watchdog is armed'
    case 'last-word':
      return 'the shutdown watchdog fires'
    case 'end':
      return `pitcrew ends with ${moment.code}`
  }
}

function describeAnswer(answer: SpawnAnswer): string {
  if (!('pid' in answer)) return `${answer.step} ${answer.errno}`
  return `pid ${answer.pid}${answer.isSlow ? ', slow' : ''}`
}

function name({ daemon, run }: { readonly daemon: string; readonly run: number }): string {
  return `${daemon} ${run}`
}

function describeCall(event: HostEvent | Recovery): string {
  switch (event.type) {
    case 'signal':
      return `-> ${event.hangup ? 'hangup' : signalName(event.signal)}`
    case 'exited':
      return `-> exited ${name(event)}: ${describeExit(event)}${event.gone ? ', gone' : ''}${event.outputOpen ? ', output open' : ''}`
    case 'gone':
      return `-> gone ${name(event)}${event.outputOpen ? ', output open' : ''}`
    case 'ready':
    case 'executed':
      return `-> ${event.type} ${name(event)}`
    case 'notify':
      return `-> notify ${name(event)}: ${JSON.stringify(linesOf(event.fields).join('\n'))}`
    case 'probed':
      return `-> probe ${event.id}: ${event.errno ?? `good ${event.text}`}`
    case 'output-closed':
      return `-> output-closed ${name(event)}`
    case 'client':
      return `-> client ${event.client}`
    case 'line':
      return `-> client ${event.client}: ${event.text}`
    case 'client-gone':
      return `-> client ${event.client} is gone`
    case 'helper':
      return `-> helper ${event.id}: ${event.errno ?? describeExit(event)}`
    case 'recover':
      return `-> recover ${event.live.map((live) => `${name(live)}${live.exit === null ? '' : ` ${describeExit(live.exit)}`}${live.gone ? ' gone' : ''}${live.isSlow ? ' slow' : ''}`).join(', ')}${event.shutdownAsked ? ', shutdown requested' : ''}`
    default:
      return `-> ${event.type}`
  }
}

function describeAct(act: Act): string {
  switch (act.type) {
    case 'signal':
      return `${act.hangup ? 'hangup' : signalName(act.signal)} to pitcrew`
    case 'hit':
      return `${signalName(act.signal)} to process ${act.index} of ${act.daemon}, from outside`
    case 'oom':
      return `the kernel kills the leader of ${act.daemon} for lack of memory`
    case 'ask':
      return `client ${act.caller} requests ${act.verb} ${act.daemon ?? ''}${act.wait ? ', and waits' : ''}`
    case 'hang-up':
      return `client ${act.caller} disconnects`
    case 'intrude':
      return `hostile client ${act.caller} connects as ${act.as}, and sends ${act.lines.length} lines`
    case 'unrelated':
      return 'a foreign process starts'
    case 'pause':
      return `pitcrew gets no processor for ${act.forMs} ms`
    case 'stall':
      return `the output is not read for ${act.forMs} ms`
  }
}

/** The story of a schedule, a line for each moment. */
export function storyOf(trace: readonly Moment[]): string {
  return trace.map((moment) => `${ms(moment.atMs)} ${describeMoment(moment)}`).join('\n')
}

function ms(atMs: number): string {
  return atMs.toFixed(1).padStart(9)
}
