/** Where pitcrew keeps what it writes. One function for the init and for whoever looks for it. */
import type { System } from './system.ts'

/** Folders for what lives as long as this machine is up, best first. The first that can be made
 *  and written is the one; none may be. */
export function runFolders(system: Pick<System, 'getenv' | 'uid'>): string[] {
  const given = environmentValue(system, 'PITCREW_RUN_DIR')
  if (given !== null) return [given]
  const session = environmentValue(system, 'XDG_RUNTIME_DIR')
  const ofSession = session === null ? [] : [`${session}/pitcrew`]
  return ['/run/pitcrew', ...ofSession, lastFolder(system)]
}

/** Everybody may write there, in an image whose root is read-only, too. */
function lastFolder({ uid }: Pick<System, 'uid'>): string {
  return `/dev/shm/pitcrew-${uid}`
}

/** Folders for what should outlive a restart, best first. `/var/lib/pitcrew` is used where
 *  somebody made it. */
export function stateFolders(system: Pick<System, 'getenv' | 'uid' | 'isFolder'>): string[] {
  const given = environmentValue(system, 'PITCREW_STATE_DIR')
  if (given !== null) return [given]
  const lasting = '/var/lib/pitcrew'
  return [...(system.isFolder(lasting) ? [lasting] : []), ...runFolders(system)]
}

/** Where the socket, the lock and (without a state folder) the rest of a bundle are: in its run
 *  folder. */
export function socketIn(folder: string, name: string): string {
  return `${folder}/${name}.sock`
}

export function lockIn(folder: string, name: string): string {
  return `${folder}/${name}.lock`
}

/** The path that PITCREW_SOCKET gives for the socket; null = the usual place. */
export function givenSocket(system: Pick<System, 'getenv'>): string | null {
  return environmentValue(system, 'PITCREW_SOCKET')
}

type Finder = Pick<System, 'getenv' | 'uid' | 'listFolder'>

/** All sockets that a client may find by itself. */
export function findSockets(system: Finder): readonly string[] {
  const given = givenSocket(system)
  if (given !== null) return [given]
  return runFolders(system).flatMap((folder) => socketsIn(system, folder))
}

/** Where a pitcrew of another user has its socket when it can write nowhere else. For root, and
 *  only when no other answers, since everybody may make such a folder. */
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

/** An empty variable is as good as none. */
export function environmentValue(system: Pick<System, 'getenv'>, name: string): string | null {
  const value = system.getenv(name)
  return value === '' ? null : value
}
