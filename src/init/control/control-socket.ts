/** Opens the control socket: a folder, a lock so that a bundle runs only once, and the socket. This
 *  happens before the first daemon starts. If no folder is writable, pitcrew runs without. */

import { isoTime } from '../../core/text/iso-time.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { givenSocket, lockIn, runFolders, socketIn } from '../../host/places.ts'
import { refusalLine } from './control-guard.ts'

/** Sent by the host to a connection that exceeds its limit. */
const tooManyClients: string = refusalLine(
  'BUSY',
  'cannot accept the client: too many clients',
  'try again later',
)

/** @param name   The name of the bundle.
 *  @param bundle The path of the bundle.
 *  @returns A message: why there is no control socket; null = it is open.
 *  @throws {PitcrewError} ALREADY_RUNNING */
export function openControlSocket(host: Host, name: string, bundle: string): string | null {
  const why: string[] = []
  for (const folder of runFolders(host)) {
    const errno = host.makeFolder(folder) ?? takeLock(host, lockIn(folder, name), bundle)
    if (errno === null) return listen(host, givenSocket(host) ?? socketIn(folder, name))
    why.push(`${folder}: ${describeErrno(errno)}`)
  }
  return `no control socket: cannot write to ${why.join('; ')}`
}

/** Takes over an inherited connection: its other end is an operator's, our parent's. */
export function adoptClient(host: Host, fd: number): void {
  const errno = host.adoptClient(fd)
  if (errno === null) return
  throw new PitcrewError(
    'USAGE',
    `cannot use --control-fd ${fd}: ${describeErrno(errno)}`,
    'give it the number of an inherited descriptor, a connected unix stream socket',
  )
}

/** @returns Why the lock cannot be taken in this folder; null = it is taken.
 *  @throws {PitcrewError} ALREADY_RUNNING: another process holds it. */
function takeLock(host: Host, path: string, bundle: string): string | null {
  const started = isoTime(host.wallMs())
  const answer = host.lock(path, `pid ${host.pid}, started ${started}, bundle ${bundle}\n`)
  if (answer === null) return null
  if ('errno' in answer) return answer.errno
  const holder = answer.holder.split('\n')[0]?.slice(0, 300) || `pid ${answer.pid || 'unknown'}`
  throw new PitcrewError(
    'ALREADY_RUNNING',
    `cannot run the bundle: another pitcrew runs it (${holder}; ${path})`,
    'see "pitcrew status"; a second instance needs another "name:" or PITCREW_RUN_DIR',
  )
}

/** @returns A message: why there is no control socket; null = it is open.
 *  @throws {PitcrewError} ALREADY_RUNNING: another process listens there. The lock does not show it
 *    when its file was removed, or when two bundles are given one socket. */
function listen(host: Host, path: string): string | null {
  const errno = host.listen(path, tooManyClients)
  if (errno === null) return null
  if (errno !== 'EADDRINUSE') {
    return `no control socket: cannot listen on ${path}: ${describeErrno(errno)}`
  }
  throw new PitcrewError(
    'ALREADY_RUNNING',
    `cannot run the bundle: another pitcrew listens on ${path}`,
    'stop it; a second instance needs another "name:", PITCREW_RUN_DIR or PITCREW_SOCKET',
  )
}
