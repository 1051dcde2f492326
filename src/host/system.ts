/** What every part of the binary may ask of the operating system: its arguments, its environment,
 *  small files, its output. The client verbs need no more than this; the init needs a whole Host.
 *  The C side puts the object that implements it into `globalThis.pitcrewHost` before any of our
 *  code runs. */
export interface System {
  /** The arguments after the program's name. */
  readonly args: readonly string[]
  /** Of this process, in its own PID namespace. */
  readonly pid: number
  /** The user that this process acts as. */
  readonly uid: number
  /** The value of an environment variable, or null. */
  getenv(name: string): string | null
  /** The whole of a regular file of at most `maxBytes`; invalid UTF-8 becomes U+FFFD. */
  readFile(path: string, maxBytes: number): FileAnswer
  /** Writes a file whole, in this process: for client verbs, which may wait for a slow disk.
   *  The content goes to a temporary file beside it, which then takes its place. Returns null, or
   *  the name of what went wrong. */
  writeFile(path: string, text: string): Errno | null
  /** A sum of a text, 64 bits in 16 hexadecimal digits: equal for equal texts, and hardly ever for
   *  others. */
  sum(text: string): string
  /** True when the path is a folder. */
  isFolder(path: string): boolean
  /** Writes text to file descriptor 1 or 2, whole, waiting where it must. If stdout does not take
   *  it, this process ends with 1. */
  write(fd: 1 | 2, text: string): void
  /** True when the file descriptor is a terminal. */
  isTerminal(fd: 0 | 1 | 2): boolean
  /** Ends this process at once. */
  exit(code: number): never
  /** Becomes this same program with other arguments. Returns only when that is not possible. */
  execSelf(args: readonly string[]): Errno
  /** Wall clock: milliseconds since 1970. It may jump. */
  wallMs(): number
  /** The names in a folder, sorted; none when it cannot be read. */
  listFolder(path: string): readonly string[]
}

/** What client verbs ask of the operating system beyond that: one connection, and a terminal. All
 *  of it waits: nobody else is served by this process. */
export interface ClientSystem extends System {
  /** Connects to a unix socket. One connection at a time. */
  connect(path: string): Errno | null
  /** Sends all of the text. */
  send(text: string): Errno | null
  /** The next whole lines that have come, with their newlines; '' when none came in time; null at
   *  the end of the connection (a last line without newline is thrown away). Invalid UTF-8 becomes
   *  U+FFFD. `timeoutMs` Infinity = as long as it takes. */
  receive(timeoutMs: number): string | null
  /** The same, but each character is a byte: for what is passed on as it is. */
  receiveBytes(timeoutMs: number): string | null
  /** Writes characters that are bytes to stdout, waiting where it must. */
  writeBytes(text: string): void
  /** Closes the connection. */
  disconnect(): void
  /** Monotonic milliseconds. */
  now(): number
  /** Of the terminal that stdout is; null = it is none, or does not know. */
  terminalSize(): { readonly columns: number; readonly rows: number } | null
  /** Waits, for the next look of `--watch`. */
  sleep(ms: number): void
  /** Loads the image with the parser of bundles, once, and gives what it puts into
   *  `globalThis.pitcrewBundle`: no other verb pays for YAML at its start. */
  loadBundle(): unknown
}

/** The text of a file, or why there is none. */
export type FileAnswer =
  | { readonly text: string }
  | { readonly error: Errno | 'not a regular file' | 'too large' }

/** A name of errno(3): "ENOENT", "EACCES" … */
export type Errno = string
