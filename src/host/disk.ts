/** The host's interface for the program that works on files (`@files`): functions that wait for the
 *  disk. The init has none of them. No function follows a link in the last part of a path, and none
 *  waits for a pipe or a device: paths are resolved by `realPath` first. */
import type { Errno, System } from './system.ts'

/** What `globalThis.pitcrewHost` is in `@files`. */
export interface FilesSystem extends System {
  readonly disk: Disk
}

export interface Disk {
  /** What is at the path (lstat); null where nothing is. */
  stat(path: string): FileState | Errno | null
  /** The path without links, `.` and `..`. */
  realPath(path: string): { readonly path: string } | Errno
  /** EFBIG when it is larger than `maxBytes`, EINVAL when it is no regular file. */
  hash(path: string, maxBytes: number): Hashed | Errno
  /** The text of a regular file; invalid UTF-8 becomes U+FFFD. Errors as for `hash`. */
  readText(path: string, maxBytes: number): { readonly text: string } | Errno
  /** Copies a regular file, or stdin ('-'), into a new file, and waits until it is on disk. EEXIST
   *  when `to` exists. On an error the incomplete file is removed. `mode`: as for chmod, the umask
   *  has no effect. `uid`, `gid`: null = unchanged, that of this process. */
  copy(
    from: string,
    to: string,
    mode: number,
    uid: number | null,
    gid: number | null,
    maxBytes: number,
  ): Hashed | Errno
  /** Writes the content of a file over that of another, which keeps its inode, mode and owner. Its
   *  space is reserved first, where the filesystem can do that. After another error than ENOSPC and
   *  those of opening, the content may be mixed. */
  overwrite(from: string, to: string): Errno | null
  /** Replaces a file with mode 0600: PATH.tmp, fsync, rename, fsync of the folder. */
  write(path: string, text: string): Errno | null
  /** rename(2), then fsync of the folders. After EIO the new name may exist. */
  rename(from: string, to: string): Errno | null
  /** Removes a file; no file is no error. */
  remove(path: string): Errno | null
  /** Makes a folder and those above it. EPERM if one of them is in a folder that all users may
   *  write, and belongs to another user. */
  makeFolders(path: string, mode: number): Errno | null
  /** The names in a folder, sorted, at most 4096. */
  list(path: string): readonly string[] | Errno
}

export interface FileState {
  /** `other`: a device, a socket or a pipe. */
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly bytes: number
  /** The permissions, with the bits for set-uid, set-gid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Device and inode: the same id is the same file. */
  readonly id: string
  /** The last change of content, name or mode (ctime), in milliseconds since 1970. */
  readonly changedMs: number
}

export interface Hashed {
  /** SHA-256 in 64 hexadecimal digits. */
  readonly sha256: string
  readonly bytes: number
}
