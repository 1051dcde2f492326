/** A connection, who is at its other end, and its requests that are not answered yet. */

import type { Access, AnswerLine, Failure } from '../protocol/protocol.ts'
import type { Call } from './call.ts'
import type { Supervisor } from './control-plane.ts'
import type { Ticker } from './ticker.ts'

/** Who asks, as the kernel says; null where it cannot. */
export interface Caller {
  readonly uid: number | null
  readonly pid: number | null
  readonly daemon: string | null
  readonly run: number
  readonly access: Access
  /** It descends from pitcrew. */
  readonly isDescendant: boolean
}

export class Client {
  readonly supervisor: Supervisor
  readonly ticker: Ticker
  readonly id: number
  readonly caller: Caller
  readonly calls: Map<number, Call> = new Map()

  constructor(supervisor: Supervisor, ticker: Ticker, id: number, caller: Caller) {
    this.supervisor = supervisor
    this.ticker = ticker
    this.id = id
    this.caller = caller
  }

  /** One that is gone is told of by the host. */
  send(line: string): void {
    this.supervisor.host.send(this.id, line)
  }

  /** Of what was no request, or of all of them. */
  fail(failed: Failure): void {
    this.send(JSON.stringify({ id: null, failed } satisfies AnswerLine))
  }

  /** What was asked is forgotten, not undone. */
  forget(): void {
    for (const call of [...this.calls.values()]) call.end()
  }
}
