/** The configuration files of a daemon and its open change, as `status` and `explain` show them. */
import type { Daemon } from '../../core/daemon/phases.ts'
import type { Ticket } from '../../core/ticket.ts'
import type { ChangeStatus, FileStatus } from '../protocol/status.ts'
import type { FileState, Supervisor } from '../server/control-plane.ts'
import { roundedDuration, stateOf, wholeMs } from './describe-daemon.ts'

type Facts = Pick<Supervisor, 'host' | 'operations'>

/** What there is to say about its files: mostly nothing, so mostly without a field.
 *  `isUp`: the daemon has a process, which uses a content. */
export function describeFiles(
  { operations }: Facts,
  name: string,
  isUp: boolean,
  nowMs: number,
): { readonly files?: readonly FileStatus[]; readonly change?: ChangeStatus } {
  if (operations === null) return {}
  const open = openChange(operations, name)
  const files = operations.files
    .stateOf(name)
    .filter((file) => isNotable(file, isUp))
    .map(({ path, differs, rejected }) => ({ path, differs: differs && isUp, rejected }))
  return {
    ...(files.length > 0 && { files }),
    ...(open !== null && { change: describeChange(open, nowMs) }),
  }
}

function isNotable({ differs, rejected }: FileState, isUp: boolean): boolean {
  return rejected !== null || (differs && isUp)
}

/** The change or reload of the daemon that is under way, or waits. */
function openChange(operations: NonNullable<Facts['operations']>, name: string): Ticket | null {
  return operations.open.find(({ daemon }) => daemon === name) ?? null
}

function describeChange({ id, verb, change }: Ticket, nowMs: number): ChangeStatus {
  const until = change?.confirmByMs ?? null
  return {
    ticket: id,
    verb,
    path: change?.path ?? '',
    step: change?.step ?? 'waiting',
    confirmLeftMs: until === null ? null : wholeMs(until - nowMs),
  }
}

/** Adds sentences about its files and its open change. */
export function explainFiles(
  { host, operations }: Facts,
  daemon: Daemon,
  why: string[],
  remedies: string[],
): void {
  if (operations === null) return
  const { name } = daemon.spec
  const open = openChange(operations, name)
  if (open !== null) explainChange(open, host.now(), why, remedies)
  for (const file of operations.files.stateOf(name)) {
    if (file.path !== open?.change?.path) explainFile(daemon, file, why, remedies)
  }
}

function explainChange(ticket: Ticket, nowMs: number, why: string[], remedies: string[]): void {
  const { ticket: id, verb, path, step, confirmLeftMs } = describeChange(ticket, nowMs)
  const what = `${verb}${path === '' ? '' : ` of ${path}`} (ticket ${id})`
  if (step === 'waiting') {
    why.push(`${what} waits for another change to end`)
  } else if (step === 'confirming') {
    const left = roundedDuration(confirmLeftMs ?? 0)
    why.push(`${what} waits to be confirmed: ${left} left, then the old content is put back`)
    remedies.push(
      `"pitcrew confirm ${id}" keeps the new content`,
      `"pitcrew cancel ${id}" puts the old content back now`,
    )
  } else {
    why.push(`${what} is ${step}`)
  }
}

function explainFile(daemon: Daemon, file: FileState, why: string[], remedies: string[]): void {
  const { path, sha256, differs, rejected, lastGood } = file
  const { name, config, watch } = daemon.spec
  const isUp = 'pid' in daemon
  const uses = isUp ? `; run ${daemon.run} uses the content from before` : ''
  const which = config.length > 1 ? ` --file ${path}` : ''
  const rollback = `"pitcrew rollback ${name}${which}" puts the last good content back`
  if (rejected !== null) {
    why.push(`the content of ${path} was rejected: ${rejected.slice(0, 500)}${uses}`)
    remedies.push(
      watch
        ? `correct ${path}: a good content is applied by itself`
        : `correct ${path}, then "pitcrew reload ${name}"`,
      rollback,
    )
  } else if (differs && isUp) {
    why.push(`${path} was changed on disk${uses}`)
    if (!watch) remedies.push(`"pitcrew reload ${name}" makes ${name} read it`)
  }
  const state = stateOf(daemon)
  const isDown = state === 'failed' || state === 'backoff'
  if (isDown && sha256 !== null && lastGood !== null && sha256 !== lastGood) {
    why.push(`${path} has changed since ${name} last worked with it`)
    remedies.push(rollback)
  }
}
