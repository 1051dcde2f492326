/** Verbs for operations: apply, rollback, reload, confirm, revoke, history. What they start has a
 *  ticket, and is answered like a change of a daemon (changes.ts). */
import type { FileAnswer, FileWork, Source } from '../../core/operations/file-work.ts'
import type { OperationRequest } from '../../core/operations/operation.ts'
import { describeRequester } from '../../core/text/describe.ts'
import { isoTime } from '../../core/text/iso-time.ts'
import { oneLine } from '../../core/text/one-line.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import type { Requester } from '../../core/ticket.ts'
import { describeErrno } from '../../errors.ts'
import type { HelperEnd } from '../../host/helper.ts'
import type { Errno } from '../../host/system.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type {
  ApplyArgs,
  OperationArgs,
  RevisionItem,
  RollbackArgs,
} from '../protocol/operations.ts'
import type { ChangeArgs, DaemonArgs } from '../protocol/requests.ts'
import type { Call, Connection, Handlers } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'
import type { Changes } from './changes.ts'
import { findTicket, titleOf } from './ticket-answer.ts'

/** How long a helper may take to read the history, in milliseconds, and the size of its answer. */
const historyMs = 5000
const historyBytesMax = 1024 * 1024

type Verbs = 'apply' | 'rollback' | 'reload' | 'confirm' | 'revoke' | 'history'

export class OperationVerbs {
  readonly #supervisor: Supervisor
  readonly #changes: Changes
  /** Ends a connection after its answers. */
  readonly #close: (connection: Connection) => void
  /** What waits for the content of a client; it gets the error of one that did not arrive. */
  readonly #contents: Map<number, (errno: Errno | null) => void> = new Map()
  readonly handlers: Pick<Handlers, Verbs>

  constructor(supervisor: Supervisor, changes: Changes, close: (connection: Connection) => void) {
    this.#supervisor = supervisor
    this.#changes = changes
    this.#close = close
    this.handlers = {
      apply: (call, args) => this.#apply(call, args),
      rollback: (call, args) => this.#rollback(call, args),
      reload: (call, args) => this.#reload(call, args),
      confirm: (call, args) => this.#confirm(call, args),
      revoke: (call, args) => this.#revoke(call, args),
      history: (call, args) => this.#history(call, args),
    }
  }

  /** A content is complete, or could not be kept. */
  content(client: number, errno: Errno | null): void {
    const take = this.#contents.get(client)
    this.#contents.delete(client)
    take?.(errno)
  }

  forget(client: number): void {
    this.#contents.delete(client)
  }

  /** The content follows the request: a request that is refused ends the connection, so that its
   *  bytes are not read as requests. */
  #apply(call: Call, args: ApplyArgs): void {
    const { connection } = call
    const refuse = (why: Failure): void => {
      call.failed(why)
      this.#close(connection)
    }
    const path = this.#pathOf(args.daemon, args.file)
    if (typeof path !== 'string') return refuse(path)
    const ifMatch = args.ifMatch === undefined ? null : hashOf(args.ifMatch)
    if (ifMatch !== null && typeof ifMatch !== 'string') return refuse(ifMatch)
    const errno = this.#supervisor.host.receiveContent(connection.id, args.bytes)
    if (errno !== null) {
      const message = `cannot apply: the content cannot be taken: ${describeErrno(errno)}`
      return refuse(failure('BUSY', message, 'try again later'))
    }
    this.#contents.set(connection.id, (problem) => {
      if (problem !== null) {
        const message = `cannot apply: the content did not arrive: ${describeErrno(problem)}`
        return refuse(failure('FAILED', message, 'nothing was changed; send it again'))
      }
      const request = {
        ...requestOf(call, 'apply', args, path, { from: 'stdin' }),
        ifMatch,
        client: connection.id,
      }
      const isTaken = call.isOpen && this.#start(call, args, request)
      if (!isTaken) this.#supervisor.host.dropContent(connection.id)
    })
  }

  #rollback(call: Call, args: RollbackArgs): void {
    const path = this.#pathOf(args.daemon, args.file)
    if (typeof path !== 'string') return call.failed(path)
    const source = { from: 'revision', revision: args.to ?? null } as const
    this.#start(call, args, requestOf(call, 'rollback', args, path, source))
  }

  #reload(call: Call, args: ChangeArgs): void {
    this.#start(call, args, requestOf(call, 'reload', args, '', { from: 'disk' }))
  }

  /** @returns False: the request was refused. */
  #start(call: Call, args: ChangeArgs, request: OperationRequest): boolean {
    const ticket = this.#supervisor.requestOperation(request)
    if (ticket !== null) {
      this.#changes.follow(call, ticket, args)
      return true
    }
    const message = `cannot ${request.verb}: too many operations wait, or pitcrew shuts down`
    call.failed(failure('BUSY', message, 'see "pitcrew status"'))
    return false
  }

  #confirm(call: Call, { ticket }: OperationArgs): void {
    const answer = this.#supervisor.operations?.confirm(ticket) ?? 'unknown'
    if (answer === 'confirmed') return call.done({ ticket })
    call.failed(this.#notOpen('confirm', ticket, 'it waits for no confirmation'))
  }

  #revoke(call: Call, { ticket }: OperationArgs): void {
    const words = `it was cancelled by ${describeRequester(requesterOf(call))}`
    const answer = this.#supervisor.operations?.cancel(ticket, words) ?? 'unknown'
    if (answer === 'cancelled') return call.done({ ticket })
    call.failed(this.#notOpen('cancel', ticket, 'it is being undone, or recorded, already'))
  }

  #notOpen(what: string, id: number, why: string): Failure {
    const ticket = findTicket(this.#supervisor, id)
    if (ticket === null)
      return failure('NO_SUCH_TICKET', `cannot ${what}: there is no ticket ${id}`)
    const isOver = ticket.outcome.kind !== 'open'
    const isChange = this.#supervisor.operations?.open.some((one) => one.id === id)
    const problem = isOver ? 'it is over' : isChange ? why : `it is a ${titleOf(ticket)}`
    const message = `cannot ${what} ticket ${id}: ${problem}`
    return failure('FAILED', message, `"pitcrew ticket ${id}" shows it`)
  }

  /** The configuration file that is meant, or why there is none. */
  #pathOf(name: string, given: string | undefined): string | Failure {
    const config = this.#supervisor.state.daemons.get(name)?.spec.config ?? []
    const known = `known: ${config.slice(0, 5).join(', ')}`
    if (config.length === 0) {
      const message = `cannot change a file of ${name}: it has no "config:"`
      return failure('NO_SUCH_FILE', message, `add "config: [PATH]" to ${name} in the bundle`)
    }
    if (given === undefined) {
      const [only, ...more] = config
      if (only !== undefined && more.length === 0) return only
      const message = `cannot tell which file of ${name} is meant: it has ${config.length}`
      return failure('REQUEST_INVALID', message, known)
    }
    if (config.includes(given)) return given
    const message = `cannot change ${JSON.stringify(given)}: it is not in "config:" of ${name}`
    return failure('NO_SUCH_FILE', message, didYouMean(given, config) ?? known)
  }

  #history(call: Call, { daemon }: DaemonArgs): void {
    const { operations } = this.#supervisor
    if (operations === null) return call.done({ daemon })
    const work: FileWork = { kind: 'history', folder: operations.folder, daemon }
    const run = ['@files', JSON.stringify(work)]
    const task = { run, timeoutMs: historyMs, maxBytes: historyBytesMax }
    this.#supervisor.startTask(task, (end) => {
      const answer = historyIn(end)
      if (typeof answer === 'string') {
        return call.failed(failure('FAILED', `cannot read the history of ${daemon}: ${answer}`))
      }
      const items = answer.map((item) => JSON.stringify(item))
      call.done({ daemon }, items)
    })
  }
}

function requesterOf({ connection }: Call): Requester {
  const { uid, pid, daemon } = connection.caller
  return { kind: 'client', uid, pid, daemon }
}

function requestOf(
  call: Call,
  verb: OperationRequest['verb'],
  args: { readonly daemon: string; readonly why?: string; readonly confirmMs?: number } & {
    readonly dryRun?: boolean
  },
  path: string,
  source: Source,
): OperationRequest {
  return {
    verb,
    daemon: args.daemon,
    path,
    source,
    ifMatch: null,
    confirmMs: args.confirmMs ?? null,
    isDry: args.dryRun === true,
    client: 0,
    by: requesterOf(call),
    why: oneLine(args.why ?? '').trim(),
  }
}

/** A SHA-256 with or without "sha256:" before it. */
function hashOf(given: string): string | Failure {
  const hash = given.startsWith('sha256:') ? given.slice('sha256:'.length) : given
  const isHash =
    hash.length === 64 && [...hash].every((digit) => '0123456789abcdef'.includes(digit))
  if (isHash) return hash
  const message = `cannot compare with ${JSON.stringify(given)}: it is no SHA-256`
  return failure('REQUEST_INVALID', message, 'give it as "sha256:" and 64 hexadecimal digits')
}

function historyIn(end: HelperEnd | null): readonly RevisionItem[] | string {
  if (end === null || end.errno !== null) return describeErrno(end?.errno ?? 'EAGAIN')
  const answer = JSON.parse(end.text || '{}') as FileAnswer
  if (answer.kind !== 'history') return 'why' in answer ? answer.why : 'no readable answer'
  return answer.revisions.map((one) => ({
    revision: one.number,
    at: isoTime(one.at),
    path: one.path,
    outcome: one.outcome,
    cause: one.cause,
    by: one.by,
    why: one.why,
    sha256: one.content?.sha256 ?? null,
    bytes: one.content?.bytes ?? null,
    lastGood: one.isLastGood,
  }))
}
