/** The lines of a connection: one JSON object each, in both directions. docs/PROTOCOL.md is
 *  generated from the tables of this folder. */
import type { Failure } from './failure.ts'

/** Incremented when an older client could misread an answer. */
export const protocolVersion = 1

/** The maximum length of a client's line, in bytes. */
export const lineBytesMax: number = 64 * 1024
/** The maximum number of connections. */
export const clientsMax = 2048
/** The maximum number of open requests of a connection. */
export const requestsMax = 1024
/** The maximum of all processes of daemons together, so that operators are not locked out. */
export const requestsOfDaemonsMax = 1024

/** What a client may do: only look, or change things as well. */
export type Access = 'look' | 'operate'

/** The first line of the server, before any request. */
export interface Greeting {
  readonly pitcrew: typeof protocolVersion
  readonly version: string
  /** The name of the bundle. */
  readonly name: string
  readonly pid: number
  readonly access: Access
  /** The daemon that the client is a process of; null = none. */
  readonly daemon: string | null
}

/** A line of the client. `id`: a whole number that no open request of the connection has. */
export interface RequestLine {
  readonly id: number
  readonly verb: string
  readonly args?: unknown
}

/** A line of the server. `done` or `failed` is the last line with its id. The id is null when the
 *  request had no readable id. */
export type AnswerLine =
  | { readonly id: number; readonly item: unknown }
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly done: unknown }
  | { readonly id: number | null; readonly failed: Failure }
