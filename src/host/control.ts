/** The part of the door to the operating system (host.ts) that the control plane is made of: a
 *  place, a lock, a socket and its clients; the lines that daemons printed; what they use. */
import type { Errno } from './system.ts'

export interface ControlHost {
  /** Makes a folder that is ours alone (0700) unless it is there; EPERM when another user owns it
   *  (root may use it all the same), ENOTDIR when it is no folder. */
  makeFolder(path: string): Errno | null
  /** Takes a lock for as long as this process lives; children do not inherit it. The file is made
   *  when it is missing, and `text` is its content then. One lock in a process. */
  lock(path: string, text: string): LockAnswer
  /** Listens on a unix stream socket of mode 0600; what was at the path is replaced, so take the
   *  lock first. One in a process. It is removed at the end. `refusal` is the line that a connection
   *  gets that there is no room for. */
  listen(path: string, refusal: string): Errno | null
  /** Takes a connected unix stream socket that we inherited as a client. From then on the kernel
   *  sends us TERM when whoever started us ends. */
  adoptClient(fd: number): Errno | null
  /** Queues a line, or several (without the newline at the end) for a client. False: it is gone;
   *  or its queue is full, and it is cut off. Never waits. */
  send(client: number, line: string): boolean
  /** How many bytes are queued for a client; 0: nothing, or it is gone. */
  queued(client: number): number
  /** Passes on what is queued for at most a second, reads nothing more, then closes. */
  closeClient(client: number): void
  /** A daemon's own connection (PITCREW_FD) stays; a `client` event comes again before its next
   *  line. False: it is none, or its run is over. */
  keepClient(client: number): boolean
  /** Hands a client over to the pump: what it gets from now on is bytes, one line of a daemon each,
   *  as docs/PROTOCOL.md says under "logs", and at the end the connection is closed. What it sends
   *  is ignored. */
  streamLogs(client: number, spec: LogSpec): Errno | null
  /** Processor time, memory and processes of each run that is not over, in one look through /proc;
   *  none without it. null: the look is not through yet, and goes on when this is called again. */
  usage(): readonly Usage[] | null
}

/** null: the lock is ours. `holder`: the content of the file that somebody else has locked, and his
 *  pid where the kernel knows it (0 = it does not). */
export type LockAnswer =
  | null
  | { readonly holder: string; readonly pid: number }
  | { readonly errno: Errno }

export interface LogSpec {
  /** Of which daemons; empty = all, and pitcrew's own lines. */
  readonly daemons: readonly string[]
  /** So many lines of each from the past, at most; -1 = all that are kept. */
  readonly tail: number
  /** None that is older than this, in milliseconds since 1970; 0 = however old. */
  readonly sinceMs: number
  /** Go on with what comes. */
  readonly follow: boolean
}

export interface Usage {
  readonly daemon: string
  readonly run: number
  /** Of the processes that are there, and of their children that they waited for. */
  readonly cpuMs: number
  /** Resident memory; shared pages count for each process. */
  readonly memoryKib: number
  readonly processes: number
}

/** Who is at the other end of a connection, as the kernel says. */
export interface Peer {
  /** The overflow uid (65534) is nobody's. */
  readonly uid: number
  /** 0: outside of our PID namespace. */
  readonly pid: number
  /** How the process is related to pitcrew. `run`: it is in the group of a run, or descends from
   *  one, or this is the PITCREW_FD of one. `marked`: it descends from pitcrew, and has the mark and
   *  the user of a run; but it could have given itself a mark. `descendant`: it descends from
   *  pitcrew, of no run that is known. `none`: it does not descend from pitcrew. */
  readonly relation: 'run' | 'marked' | 'descendant' | 'none'
  /** The daemon and the run of the first two; else null. */
  readonly daemon: string | null
  readonly run: number
  /** By which way it came. */
  readonly via: 'socket' | 'daemon-fd' | 'inherited'
}

export type ClientEvent =
  /** A new client; ids are never used again. */
  | { readonly type: 'client'; readonly client: number; readonly peer: Peer }
  /** A whole line of a client, without its newline, at most 64 KiB; null: it was longer, and the
   *  client is not read any more. Invalid UTF-8 becomes U+FFFD. */
  | { readonly type: 'line'; readonly client: number; readonly text: string | null }
  /** A client is gone, or was cut off since it does not read what it is sent. Not told of one that
   *  we closed ourselves. */
  | { readonly type: 'client-gone'; readonly client: number; readonly lagged: boolean }
