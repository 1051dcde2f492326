/** The part of the host's interface (host.ts) for the control plane: folder, lock, socket, clients,
 *  the lines that daemons printed, and their resource use. */
import type { Errno } from './system.ts'

export interface ControlHost {
  /** Makes a folder with mode 0700 unless it exists. EPERM if another user owns it (root may still
   *  use it), ENOTDIR if it is no folder. */
  makeFolder(path: string): Errno | null
  /** Takes a lock for the lifetime of this process; children do not inherit it. Creates the file if
   *  it is missing, and writes `text` to it. One lock per process. */
  lock(path: string, text: string): LockAnswer
  /** Listens on a unix stream socket with mode 0600, and removes it at the end. It replaces
   *  whatever is at the path, so take the lock first. One per process. `refusal`: the line for
   *  connections that exceed the limit. */
  listen(path: string, refusal: string): Errno | null
  /** Takes an inherited, connected unix stream socket as a client. From then on the kernel sends
   *  pitcrew TERM when its parent ends. */
  adoptClient(fd: number): Errno | null
  /** Queues a line, or several (without the newline at the end), for a client. Never blocks.
   *  Returns false if the client is gone, or if its queue is full and it is cut off. */
  send(client: number, line: string): boolean
  /** The bytes that are queued for a client; 0 = none, or the client is gone. */
  queued(client: number): number
  /** Reads nothing more, writes queued bytes for at most a second, then closes. */
  closeClient(client: number): void
  /** Keeps the connection of a daemon (PITCREW_FD) open: a `client` event comes again before its
   *  next line. Returns false if the client is no such connection, or if its run is over. */
  keepClient(client: number): boolean
  /** Takes the bytes behind the line that is being handled as a content and not as lines: at most
   *  1 MiB, eight contents at a time. They do not enter the engine. One `content` event follows,
   *  and after it lines again. The content is kept until a helper takes it as its stdin; for ten
   *  minutes after its client has gone, unless another needs its place. EFBIG: it is larger.
   *  EBUSY: there are eight, or this client has one that was not taken. EINVAL: no line of this
   *  client is being handled. ENOENT: the client is gone. ENOSYS, EPERM, EMFILE, ENOMEM: the kernel
   *  refuses the memory. `timeoutMs`: 30 s if it is not given. */
  receiveContent(client: number, bytes: number, timeoutMs?: number): Errno | null
  /** Drops a complete content that no helper has taken, so that the client can send another. */
  dropContent(client: number): void
  /** Hands a client over to the pump. From then on it gets lines of daemons, as docs/PROTOCOL.md
   *  says under "logs", and the connection is closed at the end. Its input is ignored. */
  streamLogs(client: number, spec: LogSpec): Errno | null
  /** Processor time, memory and processes of each run that is not over, from one scan of /proc;
   *  empty without /proc. null: the scan is not finished; call again to continue it. */
  usage(): readonly Usage[] | null
}

/** null: the lock is taken. `holder`: the content of the file that another process has locked.
 *  `pid`: of that process, as the kernel says; 0 = not known. */
export type LockAnswer =
  | null
  | { readonly holder: string; readonly pid: number }
  | { readonly errno: Errno }

export interface LogSpec {
  /** Names of daemons; empty = all, and pitcrew's own lines. */
  readonly daemons: readonly string[]
  /** The maximum of past lines of each; -1 = all that are kept. */
  readonly tail: number
  /** The oldest time of past lines, in milliseconds since 1970; 0 = any. */
  readonly sinceMs: number
  /** Continue with new lines. */
  readonly follow: boolean
}

export interface Usage {
  readonly daemon: string
  readonly run: number
  /** Of the living processes, and of the children that they reaped. */
  readonly cpuMs: number
  /** Resident memory; shared pages count in each process. */
  readonly memoryKib: number
  readonly processes: number
}

/** The process at the other end of a connection, as the kernel identifies it. */
export interface Peer {
  /** The overflow uid (65534) stands for any user that has no number in this user namespace. */
  readonly uid: number
  /** 0 = outside of this PID namespace. */
  readonly pid: number
  /** The relation of the process to pitcrew. `run`: it is in the group of a run, or descends from
   *  one, or the connection is the PITCREW_FD of one. `marked`: it descends from pitcrew, and has
   *  the mark and the user of a run, but it could have set the mark itself. `descendant`: it
   *  descends from pitcrew, and its run is not known. `none`: it does not descend from pitcrew. */
  readonly relation: 'run' | 'marked' | 'descendant' | 'none'
  /** The daemon and its run for `run` and `marked`; else null and 0. */
  readonly daemon: string | null
  readonly run: number
  /** The way by which it connected. */
  readonly via: 'socket' | 'daemon-fd' | 'inherited'
}

export type ClientEvent =
  /** A new client; ids are never used again. */
  | { readonly type: 'client'; readonly client: number; readonly peer: Peer }
  /** A line of a client without its newline, at most 64 KiB. null: the line was longer, and the
   *  client is not read any more. Invalid UTF-8 becomes U+FFFD. */
  | { readonly type: 'line'; readonly client: number; readonly text: string | null }
  /** The content of a client is complete. Or it was not complete in time (ETIMEDOUT), or the
   *  kernel has no memory for it (ENOSPC, ENOMEM): then the client is not read any more. */
  | { readonly type: 'content'; readonly client: number; readonly errno: Errno | null }
  /** A client is gone, or was cut off because it did not read (`lagged`). No such event follows
   *  `closeClient`. */
  | { readonly type: 'client-gone'; readonly client: number; readonly lagged: boolean }
