/** The one table of verbs: server, client, command line and docs/PROTOCOL.md come from it. */

import type {
  CancelAnswer,
  Entry,
  EventsAnswer,
  LogsAnswer,
  NoAnswer,
  TicketAnswer,
  WaitAnswer,
} from './answers.ts'
import * as answerSchemas from './answers.ts'
import type {
  CancelArgs,
  ChangeArgs,
  DaemonArgs,
  EventsArgs,
  LogsArgs,
  NotifyArgs,
  ShutdownArgs,
  StatusArgs,
  TicketArgs,
  WaitArgs,
} from './requests.ts'
import * as requests from './requests.ts'
import type { Schema } from './schema.ts'
import {
  type DaemonStatus,
  daemonStatus,
  type ExplainAnswer,
  explainAnswer,
  type StatusHead,
  statusHead,
} from './status.ts'

/** Who may: whoever is let in; an operator; a daemon, about itself. */
export type Who = 'look' | 'operate' | 'self'

/** What each verb takes, streams and answers. */
export interface Verbs {
  status: { args: StatusArgs; item: DaemonStatus; answer: StatusHead }
  explain: { args: DaemonArgs; item: never; answer: ExplainAnswer }
  start: { args: ChangeArgs; item: never; answer: TicketAnswer }
  stop: { args: ChangeArgs; item: never; answer: TicketAnswer }
  restart: { args: ChangeArgs; item: never; answer: TicketAnswer }
  shutdown: { args: ShutdownArgs; item: never; answer: TicketAnswer }
  ticket: { args: TicketArgs; item: never; answer: TicketAnswer }
  wait: { args: WaitArgs; item: never; answer: WaitAnswer }
  events: { args: EventsArgs; item: Entry; answer: EventsAnswer }
  logs: { args: LogsArgs; item: never; answer: LogsAnswer }
  cancel: { args: CancelArgs; item: never; answer: CancelAnswer }
  notify: { args: NotifyArgs; item: never; answer: NoAnswer }
}
export type VerbName = keyof Verbs

export interface VerbSpec<V extends VerbName = VerbName> {
  readonly who: Who
  readonly doc: string
  readonly args: Schema<Verbs[V]['args']>
}

export const verbs: { readonly [V in VerbName]: VerbSpec<V> } = {
  status: {
    who: 'look',
    doc: 'What pitcrew does now, and an item for each daemon, in the order of the bundle.',
    args: requests.statusArgs,
  },
  explain: {
    who: 'look',
    doc: 'Why a daemon is in the state it is in, in words, and what can be done.',
    args: requests.daemonArgs,
  },
  start: {
    who: 'operate',
    doc: 'Starts a daemon. Done when it is ready; at once where it is already.',
    args: requests.changeArgs,
  },
  stop: {
    who: 'operate',
    doc: 'Stops a daemon until it is started again. Done when nothing of its run is left.',
    args: requests.changeArgs,
  },
  restart: {
    who: 'operate',
    doc: 'Starts the next run; done when it is ready. Requests that come before it starts are one.',
    args: requests.changeArgs,
  },
  shutdown: {
    who: 'operate',
    doc: 'Stops all daemons and ends pitcrew, within its deadline.',
    args: requests.shutdownArgs,
  },
  ticket: {
    who: 'look',
    doc: 'What became of a request. The last 200 that have ended are known.',
    args: requests.ticketArgs,
  },
  wait: {
    who: 'look',
    doc: 'Answers when a daemon is as asked for; FAILED when it has failed for good.',
    args: requests.waitArgs,
  },
  events: {
    who: 'look',
    doc: 'Streams entries of the journal, an item each.',
    args: requests.eventsArgs,
  },
  logs: {
    who: 'look',
    doc: 'Lines of daemons, as bytes: the answer is the last line of JSON on this connection.',
    args: requests.logsArgs,
  },
  cancel: {
    who: 'look',
    doc: 'Ends another request of this connection. What that has asked for goes on.',
    args: requests.cancelArgs,
  },
  notify: {
    who: 'self',
    doc: 'What a daemon says of itself, as to its NOTIFY_SOCKET.',
    args: requests.notifyArgs,
  },
}

export function isVerb(word: string): word is VerbName {
  return Object.hasOwn(verbs, word)
}

/** What they answer; apart, since the server does not need it. */
export const answers: { readonly [V in VerbName]: Schema<Verbs[V]['answer']> } = {
  status: statusHead,
  explain: explainAnswer,
  start: answerSchemas.ticketAnswer,
  stop: answerSchemas.ticketAnswer,
  restart: answerSchemas.ticketAnswer,
  shutdown: answerSchemas.ticketAnswer,
  ticket: answerSchemas.ticketAnswer,
  wait: answerSchemas.waitAnswer,
  events: answerSchemas.eventsAnswer,
  logs: answerSchemas.logsAnswer,
  cancel: answerSchemas.cancelAnswer,
  notify: answerSchemas.noAnswer,
}

/** Items that have a form of their own: of those that are not here it is told elsewhere. */
export const items: { readonly [V in VerbName]?: Schema<Verbs[V]['item']> } = {
  status: daemonStatus,
}
