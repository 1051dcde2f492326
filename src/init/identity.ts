/** Whom a daemon runs as. /etc/passwd and /etc/group are read by ourselves, at each start: a
 *  static C library cannot look users up without loading others, and the files may have changed. */
import type { DaemonSpec } from '../core/plan.ts'
import type { System } from '../host/system.ts'

export interface Identity {
  readonly uid: number | null
  readonly gid: number | null
  /** Supplementary groups; null = unchanged. */
  readonly groups: readonly number[] | null
  /** HOME, USER and LOGNAME of a user that is known. */
  readonly env: Readonly<Record<string, string>>
}

const maxFileBytes = 1024 * 1024
const ours: Identity = { uid: null, gid: null, groups: null, env: {} }

/** @returns Whom to become, or why that cannot be told. */
export function identityOf(
  system: Pick<System, 'readFile' | 'uid'>,
  { user, group }: Pick<DaemonSpec, 'user' | 'group'>,
): Identity | { readonly error: string } {
  if (user === null && group === null) return ours
  const groups = readTable(system, '/etc/group')
  const gidGiven = group === null ? null : findId(groups, group)
  if (gidGiven === undefined) return { error: `group ${group} is not in /etc/group` }
  if (user === null) return { ...ours, gid: gidGiven }

  const users = readTable(system, '/etc/passwd')
  const uid = findId(users, user)
  if (uid === undefined) return { error: `user ${user} is not in /etc/passwd` }
  const entry = users.find((fields) => idOf(fields[2]) === uid)
  const gid = gidGiven ?? idOf(entry?.[3])
  // To keep our own group would keep root's.
  if (gid === undefined) return { error: `user ${user} is not in /etc/passwd: name its group, too` }
  const name = entry?.[0]
  const env =
    entry === undefined
      ? {}
      : { HOME: entry[5] ?? '/', USER: entry[0] ?? '', LOGNAME: entry[0] ?? '' }
  // Who is that user already has no right to change anything, and no need.
  if (uid === system.uid && uid !== 0) return { ...ours, gid: gidGiven, env }
  const memberOf = groups.filter(
    (fields) => name !== undefined && (fields[3] ?? '').split(',').includes(name),
  )
  return {
    uid,
    gid,
    groups: [...new Set([gid, ...memberOf.flatMap((fields) => idOf(fields[2]) ?? [])])],
    env,
  }
}

/** Lines of fields with colons between them. A file that is not there has none. */
function readTable(system: Pick<System, 'readFile'>, path: string): string[][] {
  const answer = system.readFile(path, maxFileBytes)
  return 'text' in answer ? answer.text.split('\n').map((line) => line.split(':')) : []
}

/** A number stands for itself; a name for the third field of its line. */
function findId(table: readonly (readonly string[])[], nameOrNumber: string): number | undefined {
  return idOf(nameOrNumber) ?? idOf(table.find((fields) => fields[0] === nameOrNumber)?.[2])
}

/** Digits only: to "Number" nothing and a space are 0, which is root. The largest number means
 *  "unchanged" to the kernel, which would be root again. */
function idOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  for (const char of text) if (char < '0' || char > '9') return undefined
  const id = Number(text)
  return id < 0xffff_ffff ? id : undefined
}
