/** The paths of the files that pitcrew writes. Init and client verbs use the same functions. */
import type { System } from './system.ts'

/** Run folders, best first: for files that need not outlive a boot. The first that can be made and
 *  written is used; possibly none can. */
export function runFolders(system: Pick<System, 'getenv' | 'uid'>): string[] {
  const given = environmentValue(system, 'PITCREW_RUN_DIR')
  if (given !== null) return [given]
  const session = environmentValue(system, 'XDG_RUNTIME_DIR')
  const ofSession = session === null ? [] : [`${session}/pitcrew`]
  return ['/run/pitcrew', ...ofSession, lastFolder(system)]
}

/** Any user may write there, also in an image with a read-only root. */
function lastFolder({ uid }: Pick<System, 'uid'>): string {
  return `/dev/shm/pitcrew-${uid}`
}

/** State folders, best first: for files that should outlive a restart. `/var/lib/pitcrew` is used
 *  if it exists. */
export function stateFolders(system: Pick<System, 'getenv' | 'uid' | 'isFolder'>): string[] {
  const given = environmentValue(system, 'PITCREW_STATE_DIR')
  if (given !== null) return [given]
  const lasting = '/var/lib/pitcrew'
  return [...(system.isFolder(lasting) ? [lasting] : []), ...runFolders(system)]
}

/** @param folder A run folder. @param name The name of the bundle. */
export function socketIn(folder: string, name: string): string {
  return `${folder}/${name}.sock`
}

export function lockIn(folder: string, name: string): string {
  return `${folder}/${name}.lock`
}

/** The path in PITCREW_SOCKET; null = the usual place. */
export function givenSocket(system: Pick<System, 'getenv'>): string | null {
  return environmentValue(system, 'PITCREW_SOCKET')
}

type Finder = Pick<System, 'getenv' | 'uid' | 'listFolder'>

/** All sockets in the usual places. */
export function findSockets(system: Finder): readonly string[] {
  const given = givenSocket(system)
  if (given !== null) return [given]
  return runFolders(system).flatMap((folder) => socketsIn(system, folder))
}

/** Sockets of pitcrews of other users that can write only to /dev/shm. For root, and only when no
 *  other socket answers, since any user may make such a folder. */
export function findForeignSockets(system: Finder): readonly string[] {
  if (system.uid !== 0 || environmentValue(system, 'PITCREW_RUN_DIR') !== null) return []
  const own = lastFolder(system)
  return system
    .listFolder('/dev/shm')
    .map((name) => `/dev/shm/${name}`)
    .filter((folder) => folder.startsWith('/dev/shm/pitcrew-') && folder !== own)
    .flatMap((folder) => socketsIn(system, folder))
}

function socketsIn(system: Finder, folder: string): readonly string[] {
  return system
    .listFolder(folder)
    .filter((name) => name.endsWith('.sock'))
    .map((name) => `${folder}/${name}`)
}

/** The value of a variable; null also if it is empty. */
export function environmentValue(system: Pick<System, 'getenv'>, name: string): string | null {
  const value = system.getenv(name)
  return value === '' ? null : value
}
