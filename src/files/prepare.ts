/** Makes the candidate of a change, and compares it with what the file has. */
import type { Content } from '../core/operations/change.ts'
import {
  contentBytesMax,
  type FileAnswer,
  type FileTarget,
  type FileWork,
  type Prepared,
} from '../core/operations/file-work.ts'
import type { Hashed } from '../host/disk.ts'
import type { Errno } from '../host/system.ts'
import { diffFiles } from './diff.ts'
import { type Entry, entryOf, type History, keptOf, lastGoodOf, readHistory } from './history.ts'
import {
  candidateIn,
  type Found,
  find,
  folderOf,
  isSameContent,
  keptFile,
  ownedOf,
  removeCandidates,
  type Workplace,
} from './paths.ts'
import { demand, diskRefusal, isErrno, Refusal, refuse } from './refusal.ts'
import { endUnfinished } from './undo.ts'

type PrepareWork = Extract<FileWork, { kind: 'prepare' }>

/** What is replaced, and by what. */
interface Comparison {
  readonly before: Content | null
  /** A file with the old content, for the diff; '' = none. */
  readonly beforeAt: string
  readonly canRestore: boolean
  /** The file to copy; '-' = stdin. */
  readonly from: string
  /** null = not known before it is copied. */
  readonly after: Content | null
}

/** The mode of a file that did not exist. */
const newMode = 0o644

export function prepare(workplace: Workplace, work: PrepareWork): FileAnswer {
  const { target, ifMatch, source } = work
  if (!work.isDry) endUnfinished(workplace, target)
  const found = find(workplace, target)
  if (source.from !== 'disk') demandMatch(found, ifMatch)
  const history = readHistory(workplace.disk, target.folder, target.daemon)
  const comparison = compare(work, found, history)
  try {
    const made = makeCandidate(workplace, target, found, comparison)
    return preparedOf(workplace, target, history, comparison, made)
  } catch (error) {
    if (error instanceof Refusal) removeCandidates(workplace, found.real, target.tx)
    throw error
  }
}

function preparedOf(
  workplace: Workplace,
  { path }: FileTarget,
  history: History,
  comparison: Comparison,
  made: Candidate,
): Prepared {
  const { before, canRestore } = comparison
  const isSame = canRestore && isSameContent(before, made.after)
  const isKnown = before === null || keptOf(history, before) > 0
  return {
    kind: 'prepared',
    before,
    after: made.after,
    candidate: made.candidate,
    isSame,
    canRestore,
    inPlace: made.inPlace,
    diff: isSame || !canRestore ? '' : diffOf(workplace, path, comparison, made),
    lastGood: lastGoodOf(history, path)?.content ?? null,
    revision: history.next + (isKnown ? 0 : 1),
  }
}

function demandMatch({ path, content }: Found, ifMatch: string | null): void {
  if (ifMatch === null) return
  const prefix = 'sha256:'
  const lower = ifMatch.toLowerCase()
  const wanted = lower.startsWith(prefix) ? lower.slice(prefix.length) : lower
  if (wanted === content?.sha256) return
  const has = content === null ? 'does not exist' : `has sha256:${content.sha256}`
  const remedy = 'look at the file, and repeat the request with its present sum'
  throw refuse('if-match', `${path} ${has}, not sha256:${wanted}`, remedy)
}

function diffOf(
  { disk }: Workplace,
  path: string,
  { before, beforeAt }: Comparison,
  { candidate, after }: Candidate,
): string {
  const old = before === null ? null : { path: beforeAt, bytes: before.bytes }
  return diffFiles(disk, path, old, { path: candidate, bytes: after.bytes })
}

function compare({ target, source }: PrepareWork, found: Found, history: History): Comparison {
  const { folder, daemon, path } = target
  const present = {
    before: found.content,
    beforeAt: found.content === null ? '' : found.real,
    canRestore: true,
  }
  switch (source.from) {
    case 'stdin':
      return { ...present, from: '-', after: null }
    case 'revision': {
      const { content, kept } = chosenRevision(source.revision, found, history)
      return { ...present, from: keptFile(folder, daemon, kept), after: content }
    }
    case 'disk': {
      if (found.content === null) throw refuse('no-file', `${path} does not exist`)
      const good = lastGoodOf(history, path)
      const beforeAt = good === null || good.kept === 0 ? '' : keptFile(folder, daemon, good.kept)
      return {
        before: good?.content ?? null,
        beforeAt,
        canRestore: good !== null,
        from: found.real,
        after: found.content,
      }
    }
  }
}

type WithContent = Entry & { readonly content: Content }

function chosenRevision(
  number: number | null,
  { path, content }: Found,
  history: History,
): WithContent {
  const entry = number === null ? earlierGood(history, path, content) : entryOf(history, number)
  const remedy = '`pitcrew history` lists the revisions'
  if (entry === null || entry.path !== path) {
    const which = number === null ? 'no earlier good content' : `no revision ${number}`
    throw refuse('no-revision', `${which} of ${path} is kept`, remedy)
  }
  if (hasContent(entry)) return entry
  throw refuse('no-revision', `${path} did not exist in revision ${entry.number}`, remedy)
}

function hasContent(entry: Entry): entry is WithContent {
  return entry.content !== null && entry.kept > 0
}

const goodOutcomes: readonly string[] = ['applied', 'adopted', 'found']

/** The newest good one whose content is not the present one. */
function earlierGood(history: History, path: string, present: Content | null): Entry | null {
  const isEarlier = (entry: Entry): boolean =>
    entry.path === path &&
    goodOutcomes.includes(entry.outcome) &&
    hasContent(entry) &&
    !isSameContent(entry.content, present)
  return history.entries.findLast(isEarlier) ?? null
}

// ---- the candidate

interface Candidate {
  readonly candidate: string
  readonly after: Content
  readonly inPlace: boolean
}

function makeCandidate(
  workplace: Workplace,
  { tx }: FileTarget,
  found: Found,
  { from, after, before, canRestore }: Comparison,
): Candidate {
  const { disk } = workplace
  removeCandidates(workplace, found.real, tx)
  const inPlace = isMountPoint(workplace, found)
  // The file itself is the candidate: nothing is copied.
  if (after !== null && canRestore && isSameContent(after, before)) {
    return { candidate: found.real, after, inPlace }
  }
  const made = copyBeside(workplace, found, from, tx) ?? copyAside(workplace, found, from, tx)
  if (after !== null && !isSameContent(made.after, after)) {
    disk.remove(made.candidate)
    throw refuse('changed', `${from} was changed by another program meanwhile`, 'try again')
  }
  if (!canRestore || !isSameContent(made.after, before)) {
    return { ...made, inPlace: made.inPlace || inPlace }
  }
  disk.remove(made.candidate)
  return { candidate: found.real, after: made.after, inPlace }
}

/** A file on another disk than its folder is a mount of its own, and cannot be replaced. */
function isMountPoint({ disk }: Workplace, { real, state }: Found): boolean {
  if (state === null) return false
  const folder = disk.stat(folderOf(real))
  return folder !== null && !isErrno(folder) && deviceOf(folder.id) !== deviceOf(state.id)
}

const deviceOf = (id: string): string => id.slice(0, id.indexOf(':'))

/** Errors of a folder that cannot be written, before anything was read from stdin. */
const isUnwritable = (errno: Errno): boolean =>
  errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM'

/** @returns null where the folder cannot be written. */
function copyBeside(
  workplace: Workplace,
  found: Found,
  from: string,
  tx: string,
): Candidate | null {
  const { disk } = workplace
  const { real, state } = found
  const candidate = candidateIn(folderOf(real), real, tx)
  // The owner comes later: stdin can be read only once.
  const copied = disk.copy(from, candidate, state?.mode ?? newMode, null, null, contentBytesMax)
  if (isErrno(copied) && isUnwritable(copied) && state !== null) return null
  const after = hashedOf(copied, found, from)
  return { candidate, after, inPlace: !giveOwner(workplace, found, candidate) }
}

/** Makes the owner of a candidate that of the file. @returns False if that is not permitted: then
 *  the file has to be written in place to keep its owner. */
function giveOwner({ disk }: Workplace, { state }: Found, candidate: string): boolean {
  const own = demand(disk.stat(candidate), 'cannot read', candidate)
  if (state === null || own === null) return true
  const { mode, uid, gid } = state
  if (own.uid === uid && own.gid === gid) return true
  const owned = ownedOf(candidate)
  disk.remove(owned)
  const copied = disk.copy(candidate, owned, mode, uid, gid, contentBytesMax)
  if (copied === 'EPERM') return false
  const problem = isErrno(copied) ? copied : disk.rename(owned, candidate)
  if (problem === null) return true
  disk.remove(owned)
  disk.remove(candidate)
  throw diskRefusal('cannot copy', candidate, problem)
}

function copyAside(workplace: Workplace, found: Found, from: string, tx: string): Candidate {
  const { disk, spareFolders } = workplace
  const { real, path, state } = found
  let problem: Errno = 'EROFS'
  for (const folder of spareFolders) {
    const candidate = candidateIn(folder, real, tx)
    const unmade = disk.makeFolders(folder, 0o711)
    if (unmade !== null) {
      problem = unmade
      continue
    }
    const copied = disk.copy(from, candidate, state?.mode ?? newMode, null, null, contentBytesMax)
    if (!isErrno(copied) || !isUnwritable(copied)) {
      const after = hashedOf(copied, found, from)
      giveOwner(workplace, found, candidate)
      return { candidate, after, inPlace: true }
    }
    problem = copied
  }
  throw diskRefusal('cannot write beside', path, problem)
}

function hashedOf(copied: Hashed | Errno, { path }: Found, from: string): Content {
  if (!isErrno(copied)) return copied
  if (copied === 'EFBIG') {
    throw refuse('too-large', `the content for ${path} is larger than ${contentBytesMax} bytes`)
  }
  throw diskRefusal('cannot copy', from === '-' ? `the content for ${path}` : from, copied)
}
