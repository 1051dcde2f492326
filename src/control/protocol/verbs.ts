/** The table of verbs, from which server, client, command line and docs/PROTOCOL.md derive. */

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
  ApplyArgs,
  ConfirmAnswer,
  HistoryAnswer,
  OperationArgs,
  RevisionItem,
  RollbackArgs,
} from './operations.ts'
import * as operations from './operations.ts'
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

/** What a verb requires of the client: access `look`, which each client has; access `operate`; to
 *  be a process of a daemon. */
export type Permission = 'look' | 'operate' | 'self'

/** The arguments, streamed items and answer of each verb. */
export interface Verbs {
  status: { args: StatusArgs; item: DaemonStatus; answer: StatusHead }
  explain: { args: DaemonArgs; item: never; answer: ExplainAnswer }
  start: { args: ChangeArgs; item: never; answer: TicketAnswer }
  stop: { args: ChangeArgs; item: never; answer: TicketAnswer }
  restart: { args: ChangeArgs; item: never; answer: TicketAnswer }
  shutdown: { args: ShutdownArgs; item: never; answer: TicketAnswer }
  apply: { args: ApplyArgs; item: never; answer: TicketAnswer }
  rollback: { args: RollbackArgs; item: never; answer: TicketAnswer }
  reload: { args: ChangeArgs; item: never; answer: TicketAnswer }
  confirm: { args: OperationArgs; item: never; answer: ConfirmAnswer }
  revoke: { args: OperationArgs; item: never; answer: ConfirmAnswer }
  history: { args: DaemonArgs; item: RevisionItem; answer: HistoryAnswer }
  ticket: { args: TicketArgs; item: never; answer: TicketAnswer }
  wait: { args: WaitArgs; item: never; answer: WaitAnswer }
  events: { args: EventsArgs; item: Entry; answer: EventsAnswer }
  logs: { args: LogsArgs; item: never; answer: LogsAnswer }
  cancel: { args: CancelArgs; item: never; answer: CancelAnswer }
  notify: { args: NotifyArgs; item: never; answer: NoAnswer }
}
export type VerbName = keyof Verbs

export interface VerbSpec<V extends VerbName = VerbName> {
  readonly needs: Permission
  readonly doc: string
  readonly args: Schema<Verbs[V]['args']>
}

export const verbs: { readonly [V in VerbName]: VerbSpec<V> } = {
  status: {
    needs: 'look',
    doc: 'The state of pitcrew, and an item for each daemon, in the order of the bundle.',
    args: requests.statusArgs,
  },
  explain: {
    needs: 'look',
    doc: 'Why a daemon is in its state, and what can be done, in sentences.',
    args: requests.daemonArgs,
  },
  start: {
    needs: 'operate',
    doc: 'Starts a daemon. Done when it is ready, which may be at once.',
    args: requests.changeArgs,
  },
  stop: {
    needs: 'operate',
    doc: 'Stops a daemon until the next start. Done when no process of its run is left.',
    args: requests.changeArgs,
  },
  restart: {
    needs: 'operate',
    doc: 'Replaces the run. Done when the next run is ready. Requests before its start are joined.',
    args: requests.changeArgs,
  },
  shutdown: {
    needs: 'operate',
    doc: 'Stops all daemons and ends pitcrew within its deadline.',
    args: requests.shutdownArgs,
  },
  apply: {
    needs: 'operate',
    doc: 'Replaces a configuration file as one transaction; the content follows the line as bytes.',
    args: operations.applyArgs,
  },
  rollback: {
    needs: 'operate',
    doc: 'Applies an earlier revision of a configuration file.',
    args: operations.rollbackArgs,
  },
  reload: {
    needs: 'operate',
    doc: 'Makes a daemon read its configuration again, as its `reload:` says. Done when it works.',
    args: requests.changeArgs,
  },
  confirm: {
    needs: 'operate',
    doc: 'Confirms a change that waits for it.',
    args: operations.operationArgs,
  },
  revoke: {
    needs: 'operate',
    doc: 'Undoes a change that is not over. Its own request is answered when that is done.',
    args: operations.operationArgs,
  },
  history: {
    needs: 'look',
    doc: 'The revisions of the configuration files of a daemon, an item each, newest last.',
    args: requests.daemonArgs,
  },
  ticket: {
    needs: 'look',
    doc: 'The outcome of a request. The last 200 tickets with an outcome are kept.',
    args: requests.ticketArgs,
  },
  wait: {
    needs: 'look',
    doc: 'Answers when a daemon is in the awaited state; FAILED when it cannot get there.',
    args: requests.waitArgs,
  },
  events: {
    needs: 'look',
    doc: 'Streams the events of the journal, an item each.',
    args: requests.eventsArgs,
  },
  logs: {
    needs: 'look',
    doc: 'Streams lines of daemons as bytes, which follow the answer: see Lines of logs.',
    args: requests.logsArgs,
  },
  cancel: {
    needs: 'look',
    doc: 'Ends another request of this connection. The requested change goes on.',
    args: requests.cancelArgs,
  },
  notify: {
    needs: 'self',
    doc: 'Reports the state of the calling daemon, as its NOTIFY_SOCKET does.',
    args: requests.notifyArgs,
  },
}

export function isVerb(word: string): word is VerbName {
  return Object.hasOwn(verbs, word)
}

/** The schemas of answers: a table of its own, since the server does not need them. */
export const answers: { readonly [V in VerbName]: Schema<Verbs[V]['answer']> } = {
  status: statusHead,
  explain: explainAnswer,
  start: answerSchemas.ticketAnswer,
  stop: answerSchemas.ticketAnswer,
  restart: answerSchemas.ticketAnswer,
  shutdown: answerSchemas.ticketAnswer,
  apply: answerSchemas.ticketAnswer,
  rollback: answerSchemas.ticketAnswer,
  reload: answerSchemas.ticketAnswer,
  confirm: operations.confirmAnswer,
  revoke: operations.confirmAnswer,
  history: operations.historyAnswer,
  ticket: answerSchemas.ticketAnswer,
  wait: answerSchemas.waitAnswer,
  events: answerSchemas.eventsAnswer,
  logs: answerSchemas.logsAnswer,
  cancel: answerSchemas.cancelAnswer,
  notify: answerSchemas.noAnswer,
}

/** The schemas of items; those of `events` depend on their type. */
export const items: { readonly [V in VerbName]?: Schema<Verbs[V]['item']> } = {
  status: daemonStatus,
  history: operations.revisionItem,
}
