/** A ticket: one request and what became of it. Requests that the same run satisfies are one
 *  ticket. */
import type { Verb } from './event.ts'

export interface Ticket {
  readonly id: number
  readonly verb: Verb
  readonly daemon: string
  /** Who asked first. */
  readonly by: string
  readonly askedAtMs: number
  /** How many requests it stands for. */
  readonly requests: number
  /** The run, or any after it, that satisfies the request: the next one spawned after it was
   *  made. */
  readonly satisfiedByRun: number
  /** The pid there was; null when nothing ran. */
  readonly oldPid: number | null
  readonly outcome: Outcome
}

export type Outcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'done'; readonly pid: number; readonly run: number; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'superseded'; readonly by: 'shutdown' }
