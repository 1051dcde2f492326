/** The part of the host's interface (host.ts) that every image uses: arguments, environment, small
 *  files, output. The C host puts the object into `globalThis.pitcrewHost` before an image runs. */
export interface System {
  /** The arguments after the program's name. */
  readonly args: readonly string[]
  /** The pid of this process in its own PID namespace. */
  readonly pid: number
  /** The effective user of this process. */
  readonly uid: number
  /** The value of an environment variable, or null. */
  getenv(name: string): string | null
  /** The whole of a regular file of at most `maxBytes`; invalid UTF-8 becomes U+FFFD. */
  readFile(path: string, maxBytes: number): FileAnswer
  /** Replaces a file through a temporary file beside it. Blocks on a slow disk: for client verbs
   *  only. Returns null or the errno. */
  writeFile(path: string, text: string): Errno | null
  /** A 64-bit hash of a text in 16 hexadecimal digits. Not cryptographic. */
  sum(text: string): string
  /** True when the path is a folder. */
  isFolder(path: string): boolean
  /** Writes all of the text to file descriptor 1 or 2, and blocks while it must. If stdout fails,
   *  this process ends with 1. */
  write(fd: 1 | 2, text: string): void
  /** True when the file descriptor is a terminal. */
  isTerminal(fd: 0 | 1 | 2): boolean
  /** Ends this process immediately. */
  exit(code: number): never
  /** Executes this program again with other arguments. Returns only if that fails. */
  execSelf(args: readonly string[]): Errno
  /** Wall clock: milliseconds since 1970. It may jump. */
  wallMs(): number
  /** The names in a folder, sorted; empty if it cannot be read. */
  listFolder(path: string): readonly string[]
}

/** The host's interface for client verbs: one connection, and a terminal. Its functions block,
 *  except for `receive`. */
export interface ClientSystem extends System {
  /** Connects to a unix socket. One connection at a time. */
  connect(path: string): Errno | null
  /** Sends all of the text. */
  send(text: string): Errno | null
  /** Reads a content of at most `maxBytes` to its end, from a file of any kind or from stdin (`-`),
   *  and keeps it for `sendContent`. */
  readContent(path: string, maxBytes: number): ContentAnswer
  /** Sends the content that was read, and forgets it. */
  sendContent(): Errno | null
  /** Waits when the verb has nothing else to do, so that what was received before reaches the
   *  screen. One call at a time. `timeoutMs`: in milliseconds, or Infinity. */
  receive(timeoutMs: number, done: Received): void
  /** The same with one character for each byte: for output that is passed on unchanged. */
  receiveBytes(timeoutMs: number, done: Received): void
  /** Writes such a text to stdout, and blocks while it must. */
  writeBytes(text: string): void
  /** Closes the connection. */
  disconnect(): void
  /** Monotonic milliseconds. */
  now(): number
  /** The size of the terminal at stdout; null = no terminal, or an unknown size. */
  terminalSize(): { readonly columns: number; readonly rows: number } | null
  /** Waits: for the interval of `--watch`. */
  sleep(ms: number): void
}

/** Called with the next whole lines with their newlines; '' = none came in time; null = the
 *  connection has ended (an incomplete last line is dropped). Invalid UTF-8 becomes U+FFFD. */
export type Received = (text: string | null) => void

/** The text of a file, or why there is none. */
export type FileAnswer =
  | { readonly text: string }
  | { readonly error: Errno | 'not a regular file' | 'too large' }

export type ContentAnswer = { readonly bytes: number } | { readonly error: Errno | 'too large' }

/** A name of errno(3): "ENOENT", "EACCES" … */
export type Errno = string
