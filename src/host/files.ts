/** The part of the host's interface (host.ts) that watches files. One child does it, because a disk
 *  may hang. */
import type { Errno } from './system.ts'

export interface FilesHost {
  /** Watches files, at most 256; replaces the set before, [] ends it. The paths are absolute. A
   *  `file` event follows for each path, then one for each change. E2BIG: too many; EINVAL: a path
   *  that is not absolute. What the child cannot do is a `watcher-ended` event. */
  watchFiles(paths: readonly string[]): Errno | null
  /** The wall clock by which the kernel sets times of files, in milliseconds since 1970, to compare
   *  with `changedMs`. */
  fileClockMs(): number
}

export type WatcherEvent =
  /** The content of a file, when it is watched and after each change of `sha256` or `errno`. While a
   *  file changes all the time its events come at most every 50 ms; the last content is always
   *  reported. */
  | {
      readonly type: 'file'
      readonly path: string
      /** null: it cannot be read. */
      readonly sha256: string | null
      readonly bytes: number
      /** ENOENT: there is none. EINVAL: it is no regular file. EFBIG: more than 8 MiB. */
      readonly errno: Errno | null
      /** The last change (ctime) of the file and of the links on the way to it, in milliseconds
       *  since 1970; 0 = not known. */
      readonly changedMs: number
    }
  /** The child has ended without an order, or could not be started; nothing is watched any more. */
  | { readonly type: 'watcher-ended'; readonly errno: Errno }
