/** The names of all files that the work uses, and what is at the path of a configuration file. */
import type { Content } from '../core/operations/change.ts'
import { contentBytesMax, type FileTarget } from '../core/operations/file-work.ts'
import type { Disk, FileState } from '../host/disk.ts'
import { demand, diskRefusal, isErrno, refuse } from './refusal.ts'

/** What the work is done with. */
export interface Workplace {
  readonly disk: Disk
  /** Folders for candidates whose own folder cannot be written, best first. They may not exist. */
  readonly spareFolders: readonly string[]
}

export function transactionFile(folder: string): string {
  return `${folder}/transaction.json`
}

/** The folder of a daemon's revisions. @param folder The bundle's state folder. */
export function historyFolder(folder: string, daemon: string): string {
  return `${folder}/config/${daemon}`
}

export function revisionsFile(folder: string, daemon: string): string {
  return `${historyFolder(folder, daemon)}/revisions.json`
}

/** The kept content with this number. */
export function keptFile(folder: string, daemon: string, number: number): string {
  return `${historyFolder(folder, daemon)}/${number}`
}

/** How the names of all candidates of a file begin. @param real Its path without links. */
export function candidatePrefix(real: string): string {
  return `.${nameIn(real)}.pitcrew-`
}

/** The path of a candidate. @param folder Where it is: that of the file, or a spare folder. */
export function candidateIn(folder: string, real: string, tx: string): string {
  return join(folder, `${candidatePrefix(real)}${tx}`)
}

/** All paths that the candidate of a file may have. */
export function candidatesOf({ spareFolders }: Workplace, real: string, tx: string): string[] {
  return [folderOf(real), ...spareFolders].map((folder) => candidateIn(folder, real, tx))
}

/** A copy of a candidate, before it takes its place. */
export function ownedOf(candidate: string): string {
  return `${candidate}.owned`
}

/** Removes what a transaction has left outside the state folder. What cannot be removed is left to
 *  the next recovery. */
export function removeCandidates(workplace: Workplace, real: string, tx: string): void {
  for (const candidate of candidatesOf(workplace, real, tx)) {
    workplace.disk.remove(candidate)
    workplace.disk.remove(ownedOf(candidate))
  }
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function join(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

/** A configuration file, without links on the way to it. */
export interface Located {
  /** As in the bundle. */
  readonly path: string
  /** The file itself. */
  readonly real: string
  /** null = it does not exist, and its folder does. */
  readonly state: FileState | null
}

/** A configuration file and its content. */
export interface Found extends Located {
  readonly content: Content | null
}

/** @throws Refusal for what is no regular file, and for a link that leaves its folder. */
export function locate({ disk }: Workplace, { path }: Pick<FileTarget, 'path'>): Located {
  const state = demand(disk.stat(path), 'cannot read', path)
  if (state === null) return { path, real: join(realFolder(disk, path), nameIn(path)), state }
  if (state.kind === 'file') {
    return { path, real: demand(disk.realPath(path), 'cannot read', path).path, state }
  }
  if (state.kind !== 'link') {
    const what = state.kind === 'folder' ? 'a folder' : 'a device, a socket or a pipe'
    throw refuse('not-a-file', `${path} is ${what}, not a regular file`)
  }
  return followed(disk, path)
}

/** A ConfigMap is a folder with links to files below itself, and stays like that. */
function followed(disk: Disk, path: string): Located {
  const answer = disk.realPath(path)
  if (answer === 'ENOENT')
    throw refuse('not-a-file', `${path} is a link to a file that is not there`)
  const { path: real } = demand(answer, 'cannot follow the link', path)
  const folder = realFolder(disk, path)
  if (!real.startsWith(join(folder, ''))) {
    const remedy = `name ${real} itself in \`config:\``
    throw refuse('leaves-folder', `${path} is a link to ${real}, outside its folder`, remedy)
  }
  const state = demand(disk.stat(real), 'cannot read', real)
  if (state?.kind === 'file') return { path, real, state }
  throw refuse('not-a-file', `${path} is a link to ${real}, which is not a regular file`)
}

function realFolder(disk: Disk, path: string): string {
  const folder = folderOf(path)
  const answer = disk.realPath(folder)
  if (!isErrno(answer)) return answer.path
  if (answer !== 'ENOENT') throw diskRefusal('cannot read the folder', folder, answer)
  throw refuse('no-folder', `the folder ${folder} of ${nameIn(path)} is not there`, 'create it')
}

/** @throws Refusal also for a file that is too large. */
export function find(workplace: Workplace, target: Pick<FileTarget, 'path'>): Found {
  const located = locate(workplace, target)
  return { ...located, content: contentOf(workplace.disk, located) }
}

function contentOf(disk: Disk, { path, real, state }: Located): Content | null {
  if (state === null) return null
  const hashed = disk.hash(real, contentBytesMax)
  if (!isErrno(hashed)) return hashed
  if (hashed !== 'EFBIG') throw diskRefusal('cannot read', path, hashed)
  throw refuse(
    'too-large',
    `${path} has ${state.bytes} bytes, at most ${contentBytesMax} are allowed`,
  )
}

/** Whether the file at the path is the one that was located, unchanged. The kernel's own change
 *  time decides: no program can set it. */
export function isUntouched({ disk }: Workplace, { real, state }: Located): boolean {
  const now = disk.stat(real)
  if (state === null || now === null || isErrno(now)) return now === state
  return now.id === state.id && now.bytes === state.bytes && now.changedMs === state.changedMs
}

export function isSameContent(a: Content | null, b: Content | null): boolean {
  return a?.sha256 === b?.sha256
}

/** "sha256:0123456789ab (12 bytes)" */
export function describeContent(content: Content | null): string {
  if (content === null) return 'no file'
  return `sha256:${content.sha256.slice(0, 12)} (${content.bytes} bytes)`
}
