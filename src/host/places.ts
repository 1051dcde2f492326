/** Where pitcrew keeps what it writes. One function for the init and for whoever looks for it. */
import type { System } from './system.ts'

/** Folders for what lives as long as this machine is up, best first. The first that can be made
 *  and written is the one; none may be. */
function runFolders(system: Pick<System, 'getenv' | 'uid'>): string[] {
  const given = system.getenv('PITCREW_RUN')
  if (given !== null && given !== '') return [given]
  const session = system.getenv('XDG_RUNTIME_DIR')
  const ofSession = session === null || session === '' ? [] : [`${session}/pitcrew`]
  return ['/run/pitcrew', ...ofSession, `/dev/shm/pitcrew-${system.uid}`]
}

/** Folders for what should outlive a restart, best first. `/var/lib/pitcrew` is used where
 *  somebody made it. */
export function stateFolders(system: Pick<System, 'getenv' | 'uid' | 'isFolder'>): string[] {
  const given = system.getenv('PITCREW_STATE')
  if (given !== null && given !== '') return [given]
  const lasting = '/var/lib/pitcrew'
  return [...(system.isFolder(lasting) ? [lasting] : []), ...runFolders(system)]
}
