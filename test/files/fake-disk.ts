/** A disk in memory, for tests of the work on files and for the simulator. Files have inodes, modes and owners;
 *  links, mounts and read-only folders behave as on Linux. On demand a call fails, or a KILL ends the work at any
 *  step: also within calls that are not atomic. Runs in the binary's engine, too. */
import type { Disk, FileState, Hashed } from '../../src/host/disk.ts'
import type { Errno } from '../../src/host/system.ts'

/** Thrown out of the work by a KILL. */
export class Killed extends Error {}

interface Node {
  kind: FileState['kind']
  /** Of a file, or the target of a link. */
  text: string
  readonly children: Map<string, Node>
  mode: number
  uid: number
  gid: number
  readonly inode: number
  device: number
  changedMs: number
}

/** Where a path leads: `node` is null if only its folder exists. */
interface Place {
  readonly folder: Node
  readonly folderPath: string
  readonly name: string
  readonly node: Node | null
}

export interface DiskFault {
  /** Which call fails, counted from 1. */
  readonly at: number
  readonly errno: Errno
  /** It has done its work nevertheless: the disk failed to make it durable. */
  readonly isAfter?: boolean
}

export class FakeDisk implements Disk {
  /** What '-' is; read once. */
  stdin = ''
  /** The user of the work; only 0 may give files away. */
  uid = 0
  nowMs = 1000
  /** Files that are mounts of their own: neither replaced nor removed. */
  readonly mounts: Set<string> = new Set()
  /** Folders in which no name can be changed, and with which error. */
  readonly unwritable: Map<string, Errno> = new Map()
  /** Calls and steps so far. */
  calls = 0
  steps = 0
  /** The step before which a KILL comes; 0 = never. */
  killAt = 0
  fault: DiskFault | null = null
  /** Called before each call, with its name and first paths. */
  onCall: (name: keyof Disk, number: number, ...paths: string[]) => void = () => {}
  /** How often each function was called. */
  readonly counts: Map<keyof Disk, number> = new Map()
  #inodes = 0
  readonly #root: Node = this.#node('folder', '')

  // ---- for the test

  /** Makes or changes a file like another program, in place. Folders are made. */
  put(
    path: string,
    text: string,
    { mode = 0o644, uid = 0, gid = 0 }: { mode?: number; uid?: number; gid?: number } = {},
  ): void {
    this.mkdir(path.slice(0, path.lastIndexOf('/')))
    const place = this.#place(path) as Place
    this.nowMs++
    if (place.node !== null) {
      place.node.text = text
      place.node.changedMs = this.nowMs
      return
    }
    const node = this.#node('file', text)
    place.folder.children.set(place.name, Object.assign(node, { mode, uid, gid }))
  }

  mkdir(path: string): void {
    const errno = this.#makeFolders(path, 0o755)
    if (errno !== null) throw new Error(`cannot make ${path}: ${errno}`)
  }

  link(path: string, target: string): void {
    this.mkdir(path.slice(0, path.lastIndexOf('/')))
    const { folder, name } = this.#place(path) as Place
    folder.children.set(name, this.#node('link', target))
  }

  special(path: string): void {
    this.mkdir(path.slice(0, path.lastIndexOf('/')))
    const { folder, name } = this.#place(path) as Place
    folder.children.set(name, this.#node('other', ''))
  }

  /** Removes a name like another program. */
  unlink(path: string): void {
    const { folder, name } = this.#place(path) as Place
    folder.children.delete(name)
  }

  /** The text of a file, through links; null = there is none. */
  text(path: string): string | null {
    const place = this.#place(path, true)
    return typeof place === 'string' || place.node?.kind !== 'file' ? null : place.node.text
  }

  node(path: string): { mode: number; uid: number; gid: number; inode: number } | null {
    const place = this.#place(path, true)
    return typeof place === 'string' ? null : place.node
  }

  /** The paths of all files and links below a folder, sorted. */
  files(path = '/'): string[] {
    const place = path === '/' ? { node: this.#root } : this.#place(path)
    if (typeof place === 'string' || place.node === null) return []
    const below = (node: Node, at: string): string[] =>
      [...node.children].flatMap(([name, child]) =>
        child.kind === 'folder' ? below(child, `${at}/${name}`) : [`${at}/${name}`],
      )
    return below(place.node, path === '/' ? '' : path).sort()
  }

  // ---- Disk

  stat(path: string): FileState | Errno | null {
    return this.#call('stat', [path], () => {
      const place = this.#place(path)
      if (typeof place === 'string') return place === 'ENOENT' ? null : place
      return place.node === null ? null : stateOf(place.node)
    })
  }

  realPath(path: string): { readonly path: string } | Errno {
    return this.#call('realPath', [path], () => {
      if (path === '/') return { path }
      const place = this.#place(path, true)
      if (typeof place === 'string') return place
      return place.node === null ? 'ENOENT' : { path: joined(place.folderPath, place.name) }
    })
  }

  hash(path: string, maxBytes: number): Hashed | Errno {
    return this.#call('hash', [path], () => {
      const file = this.#file(path)
      if (typeof file === 'string') return file
      return bytesOf(file.text) > maxBytes ? 'EFBIG' : hashOf(file.text)
    })
  }

  readText(path: string, maxBytes: number): { readonly text: string } | Errno {
    return this.#call('readText', [path], () => {
      const file = this.#file(path)
      if (typeof file === 'string') return file
      return bytesOf(file.text) > maxBytes ? 'EFBIG' : { text: file.text }
    })
  }

  copy(
    from: string,
    to: string,
    mode: number,
    uid: number | null,
    gid: number | null,
    maxBytes: number,
  ): Hashed | Errno {
    return this.#call('copy', [from, to], () => {
      const source = from === '-' ? null : this.#file(from)
      if (typeof source === 'string') return source
      const place = this.#place(to)
      if (typeof place === 'string') return place
      if (place.node !== null) return 'EEXIST'
      const refusal = this.unwritable.get(place.folderPath)
      if (refusal !== undefined) return refusal
      const text = source === null ? this.stdin : source.text
      if (source === null) this.stdin = ''
      const file = this.#node('file', '')
      file.mode = 0o600
      place.folder.children.set(place.name, file)
      this.#step()
      file.text = half(text)
      this.#step()
      file.text = text
      const isForeign = (uid ?? this.uid) !== this.uid
      const errno =
        bytesOf(text) > maxBytes ? 'EFBIG' : isForeign && this.uid !== 0 ? 'EPERM' : null
      if (errno !== null) {
        place.folder.children.delete(place.name)
        return errno
      }
      Object.assign(file, { mode, uid: uid ?? this.uid, gid: gid ?? this.uid })
      return hashOf(text)
    })
  }

  overwrite(from: string, to: string): Errno | null {
    return this.#call('overwrite', [from, to], () => {
      const source = this.#file(from)
      const target = this.#file(to)
      if (typeof source === 'string') return source
      if (typeof target === 'string') return target
      target.changedMs = ++this.nowMs
      const { text } = source
      const old = target.text
      target.text = half(text) + old.slice(half(text).length)
      this.#step()
      target.text = text + old.slice(text.length)
      this.#step()
      target.text = text
      return null
    })
  }

  write(path: string, text: string): Errno | null {
    return this.#call('write', [path], () => {
      const place = this.#place(path)
      const temporary = this.#place(`${path}.tmp`)
      if (typeof place === 'string') return place
      if (typeof temporary === 'string') return temporary
      const refusal = this.unwritable.get(place.folderPath)
      if (refusal !== undefined) return refusal
      const file = Object.assign(this.#node('file', half(text)), { mode: 0o600, uid: this.uid })
      place.folder.children.set(temporary.name, file)
      this.#step()
      file.text = text
      this.#step()
      place.folder.children.delete(temporary.name)
      place.folder.children.set(place.name, file)
      return null
    })
  }

  rename(from: string, to: string): Errno | null {
    return this.#call('rename', [from, to], () => {
      const [source, target] = [this.#place(from), this.#place(to)]
      if (typeof source === 'string') return source
      if (typeof target === 'string') return target
      if (source.node === null) return 'ENOENT'
      const refusal =
        this.unwritable.get(source.folderPath) ?? this.unwritable.get(target.folderPath)
      if (refusal !== undefined) return refusal
      if (this.mounts.has(joined(target.folderPath, target.name))) return 'EBUSY'
      source.folder.children.delete(source.name)
      target.folder.children.set(target.name, source.node)
      source.node.changedMs = ++this.nowMs
      this.#step()
      return null
    })
  }

  remove(path: string): Errno | null {
    return this.#call('remove', [path], () => {
      const place = this.#place(path)
      if (place === 'ENOENT' || (typeof place !== 'string' && place.node === null)) return null
      if (typeof place === 'string') return place
      if (place.node?.kind === 'folder') return 'EISDIR'
      const refusal = this.unwritable.get(place.folderPath)
      if (refusal !== undefined) return refusal
      if (this.mounts.has(joined(place.folderPath, place.name))) return 'EBUSY'
      place.folder.children.delete(place.name)
      this.#step()
      return null
    })
  }

  makeFolders(path: string, mode: number): Errno | null {
    return this.#call('makeFolders', [path], () => this.#makeFolders(path, mode))
  }

  list(path: string): readonly string[] | Errno {
    return this.#call('list', [path], () => {
      const place = path === '/' ? { node: this.#root } : this.#place(path, true)
      if (typeof place === 'string') return place
      if (place.node === null) return 'ENOENT'
      return place.node.kind === 'folder' ? [...place.node.children.keys()].sort() : 'ENOTDIR'
    })
  }

  // ---- faults

  #call<T>(name: keyof Disk, paths: string[], act: () => T | Errno): T | Errno {
    this.calls++
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    this.onCall(name, this.calls, ...paths)
    this.#step()
    const fault = this.fault?.at === this.calls ? this.fault : null
    if (fault === null) return act()
    if (fault.isAfter === true) act()
    return fault.errno
  }

  #step(): void {
    this.steps++
    if (this.steps === this.killAt) throw new Killed(`at step ${this.steps}`)
  }

  // ---- the tree

  #node(kind: Node['kind'], text: string): Node {
    return {
      kind,
      text,
      children: new Map(),
      mode: kind === 'folder' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      inode: ++this.#inodes,
      device: 1,
      changedMs: this.nowMs,
    }
  }

  #makeFolders(path: string, mode: number): Errno | null {
    let folder = this.#root
    let at = ''
    for (const name of path.split('/').filter((part) => part !== '')) {
      const child = folder.children.get(name)
      if (child !== undefined && child.kind !== 'folder') return 'ENOTDIR'
      const refusal = this.unwritable.get(at === '' ? '/' : at)
      if (child === undefined && refusal !== undefined) return refusal
      const next = child ?? Object.assign(this.#node('folder', ''), { mode })
      folder.children.set(name, next)
      folder = next
      at = `${at}/${name}`
    }
    return null
  }

  /** @param follows Whether a link in the last part of the path is followed. */
  #place(path: string, follows = false, depth = 0): Place | Errno {
    if (depth > 8) return 'ELOOP'
    let folder = this.#root
    let folderPath = '/'
    const parts = partsOf(path)
    for (const [index, name] of parts.entries()) {
      const isLast = index === parts.length - 1
      const node = folder.children.get(name) ?? null
      if (node?.kind === 'link' && (!isLast || follows)) {
        const target = node.text.startsWith('/') ? node.text : joined(folderPath, node.text)
        const rest = parts.slice(index + 1).join('/')
        return this.#place(rest === '' ? target : `${target}/${rest}`, follows, depth + 1)
      }
      if (isLast) return { folder, folderPath, name, node }
      if (node === null) return 'ENOENT'
      if (node.kind !== 'folder') return 'ENOTDIR'
      folder = node
      folderPath = joined(folderPath, name)
    }
    return 'EINVAL'
  }

  #file(path: string): Node | Errno {
    const place = this.#place(path)
    if (typeof place === 'string') return place
    if (place.node === null) return 'ENOENT'
    if (place.node.kind === 'link') return 'ELOOP'
    return place.node.kind === 'file' ? place.node : 'EINVAL'
  }

  /** A file becomes a mount of another disk, or of the same one. */
  mount(path: string, { device = 2 }: { device?: number } = {}): void {
    this.mounts.add(path)
    const place = this.#place(path)
    if (typeof place !== 'string' && place.node !== null) place.node.device = device
  }
}

function stateOf({ kind, text, mode, uid, gid, inode, device, changedMs }: Node): FileState {
  return { kind, bytes: bytesOf(text), mode, uid, gid, id: `${device}:${inode}`, changedMs }
}

/** Without empty parts, `.` and `..`. */
function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

function joined(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

const half = (text: string): string => text.slice(0, Math.ceil(text.length / 2))

/** Of a text in UTF-8. */
function bytesOf(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  return bytes
}

/** 64 hexadecimal digits that differ for different texts. It is not SHA-256. */
export function hashOf(text: string): Hashed {
  let [low, high] = [0x811c9dc5, 0x9e3779b1]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15)
  }
  const digits = [low, high].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('')
  return { sha256: digits.repeat(4), bytes: bytesOf(text) }
}
