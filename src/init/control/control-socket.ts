/** The way in: a folder, a lock so that one bundle is run once, and the socket. Taken before the
 *  first daemon is started. Where nothing can be written, pitcrew goes on without. */

import { isoTime } from '../../core/text/iso-time.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { givenSocket, lockIn, runFolders, socketIn } from '../../host/places.ts'
import { refusalLine } from './control-guard.ts'

/** Sent by the host to a connection that exceeds the limit. */
const tooManyClients: string = refusalLine('BUSY', 'too many clients', 'try again later')

/** @param name   Of the bundle.
 *  @param bundle Where the bundle was found.
 *  @returns What is to be told: why there is no way in; null = there is. */
export function openDoor(host: Host, name: string, bundle: string): string | null {
  const why: string[] = []
  for (const folder of runFolders(host)) {
    const errno = host.makeFolder(folder) ?? takeLock(host, lockIn(folder, name), bundle)
    if (errno === null) return listen(host, givenSocket(host) ?? socketIn(folder, name))
    why.push(`${folder}: ${describeErrno(errno)}`)
  }
  return `no control socket: cannot write to ${why.join('; ')}`
}

/** A connection that whoever started us has made: its other end is an operator's. */
export function adoptClient(host: Host, fd: number): void {
  const errno = host.adoptClient(fd)
  if (errno === null) return
  throw new PitcrewError(
    'USAGE',
    `cannot use --control-fd ${fd}: ${describeErrno(errno)}`,
    'it is the number of a connected unix stream socket that pitcrew inherits',
  )
}

/** Throws when somebody else has it. */
function takeLock(host: Host, path: string, bundle: string): string | null {
  const started = isoTime(host.wallMs())
  const answer = host.lock(path, `pid ${host.pid}, started ${started}, bundle ${bundle}\n`)
  if (answer === null) return null
  if ('errno' in answer) return answer.errno
  const holder = answer.holder.split('\n')[0]?.slice(0, 300) || `pid ${answer.pid || 'unknown'}`
  throw new PitcrewError(
    'ALREADY_RUNNING',
    `cannot run the bundle: another pitcrew runs it (${holder}; ${path})`,
    'see "pitcrew status"; for a second one, give it another "name:" or PITCREW_RUN_DIR',
  )
}

/** Throws when somebody else does: the lock does not see him where it was removed, or where two
 *  bundles are given one socket. */
function listen(host: Host, path: string): string | null {
  const errno = host.listen(path, tooManyClients)
  if (errno === null) return null
  if (errno !== 'EADDRINUSE') {
    return `no control socket: cannot listen on ${path}: ${describeErrno(errno)}`
  }
  throw new PitcrewError(
    'ALREADY_RUNNING',
    `cannot run the bundle: another pitcrew listens on ${path}`,
    'end it; for a second one, give it another "name:", PITCREW_RUN_DIR or PITCREW_SOCKET',
  )
}
