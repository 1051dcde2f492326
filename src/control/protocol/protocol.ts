/** What goes over a connection: one JSON object a line each way. docs/PROTOCOL.md tells the same to
 *  people, and is made of this room's tables. */
import type { Failure } from './failure.ts'

/** Grows when a client of before could misread us. */
export const protocolVersion = 1

/** Of a client's line, in bytes. */
export const lineBytesMax: number = 64 * 1024
/** Connections at a time; requests of one that are not answered yet. */
export const clientsMax = 2048
export const requestsMax = 1024
/** Of all processes of daemons together: they must not use up what operators need, too. */
export const requestsOfDaemonsMax = 1024

/** What a caller may do: look, or change things, too. */
export type Access = 'look' | 'operate'

/** The first line of the server. */
export interface Greeting {
  readonly pitcrew: typeof protocolVersion
  readonly version: string
  /** The name of the bundle. */
  readonly name: string
  readonly pid: number
  readonly access: Access
  /** The daemon that the caller is; null = none. */
  readonly daemon: string | null
}

/** A line of the client. `id`: a whole number that is not in use for another open request. */
export interface RequestLine {
  readonly id: number
  readonly verb: string
  readonly args?: unknown
}

/** A line of the server. `done` or `failed` is the last one with its id. The id is null where the
 *  request had none that could be read. */
export type AnswerLine =
  | { readonly id: number; readonly item: unknown }
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly done: unknown }
  | { readonly id: number | null; readonly failed: Failure }
