/** What every part of the binary may ask of the operating system: its arguments, its environment,
 *  small files, its output. The client verbs need no more than this; the init needs a whole Host.
 *  The C side puts the object that implements it into `globalThis.pitcrewHost` before any of our
 *  code runs. */
export interface System {
  /** The arguments after the program's name. */
  readonly args: readonly string[]
  /** True when this process is PID 1 of its PID namespace. */
  readonly isPid1: boolean
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
  /** Writes text to file descriptor 1 or 2, whole, waiting where it must. */
  write(fd: 1 | 2, text: string): void
  /** True when the file descriptor is a terminal. */
  isTerminal(fd: 0 | 1 | 2): boolean
  /** Ends this process at once. */
  exit(code: number): never
  /** Becomes this same program with other arguments. Returns only when that is not possible. */
  execSelf(args: readonly string[]): Errno
}

/** The text of a file, or why there is none. */
export type FileAnswer =
  | { readonly text: string }
  | { readonly error: Errno | 'not a regular file' | 'too large' }

/** A name of errno(3): "ENOENT", "EACCES" … */
export type Errno = string
