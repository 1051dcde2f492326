/** Explains why a process was not started. The host reports the failed step and its errno; the
 *  reason follows from those, the spawn's arguments and the beginning of the program's file. */
import type { SpawnFailure } from '../../core/event.ts'
import { describeErrno } from '../../errors.ts'
import type { SpawnSpec } from '../../host/host.ts'

type HostFailure = SpawnFailure & { readonly head?: string }

/** Adds a reason to a failure where the errno does not say enough. */
export function withReason(
  { step, errno, head }: HostFailure,
  asked: Pick<SpawnSpec, 'user' | 'group'>,
): SpawnFailure {
  const why =
    step === 'exec' ? execFailureReason(errno, head) : userFailureReason(step, errno, asked)
  return why === null ? { step, errno } : { step, errno, why }
}

/** "cannot execute /bin/wep: no such file or directory (ENOENT)" */
export function startFailureReason(failure: SpawnFailure, command: string): string {
  const { step, errno } = failure
  if (errno === 'ETIMEDOUT') {
    return `timed out before it executed ${command} (step "${step}"): it was stopped, or a disk hangs`
  }
  const why = failure.why ?? describeErrno(errno)
  switch (step) {
    case 'exec':
      return `cannot execute ${command}: ${why}`
    case 'cwd':
      return `cannot enter its working directory: ${why}`
    case 'user':
    case 'group':
    case 'primary group':
      return `cannot switch to its user: ${why}`
    case 'limits':
      return `cannot set its limits: ${why}`
    default:
      return `${step}: ${why}`
  }
}

function userFailureReason(
  step: string,
  errno: string,
  { user, group }: Pick<SpawnSpec, 'user' | 'group'>,
): string | null {
  const isMissing = errno === 'ENOENT'
  switch (step) {
    case 'user':
      return isMissing ? `user ${user} is not in /etc/passwd` : null
    case 'group':
      return isMissing ? `group ${group} is not in /etc/group` : null
    case 'primary group':
      return `user ${user} is not in /etc/passwd: name its group, too`
    case '/etc/passwd':
    case '/etc/group':
      if (errno === 'EBADMSG') return 'it has an incomplete line'
      return errno === 'ERANGE' ? 'a field of its entry is too long' : null
    default:
      return null
  }
}

const tooLong =
  'its arguments and environment are larger than the kernel allows (E2BIG); ' +
  'pass less of the environment: env: { pass: [NAME] }'
const withCrLf =
  'its lines end with CR LF, and the CR counts as a part of its interpreter: ' +
  'save it with LF (ENOENT)'

/** @param head The beginning of the file, if it exists.
 *  @returns The reason; null = the errno says it all. */
export function execFailureReason(errno: string, head = ''): string | null {
  const isElf = head.startsWith('\x7fELF')
  switch (errno) {
    case 'E2BIG':
      return tooLong
    case 'ENOEXEC':
      return isElf
        ? 'it is built for another architecture (ENOEXEC)'
        : 'it is a script without "#!" in its first line, or no program (ENOEXEC)'
    case 'ENOENT':
      if (isElf)
        return 'it exists, but its ELF loader does not: is it built for another libc? (ENOENT)'
      return head.startsWith('#!') ? interpreterWords(head.slice(2)) : null
    default:
      return null
  }
}

function interpreterWords(head: string): string {
  const line = head.split('\n')[0] ?? ''
  if (line.endsWith('\r')) {
    return withCrLf
  }
  return `its interpreter ${line.trim().split(' ')[0]} does not exist (ENOENT)`
}
