/** The verb `wait`: answers when a daemon is in the awaited state. The core replaces a daemon's object
 *  whenever it changes, so a thousand calls that wait for one daemon cost one comparison a step. */
import { dependencyState, unmetDependency } from '../../core/daemon/dependency-state.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Progress, WaitAnswer } from '../protocol/answers.ts'
import { type Failure, failure } from '../protocol/failure.ts'
import type { WaitArgs, WaitFor } from '../protocol/requests.ts'
import type { Call, Handlers, Responder } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { progressOf, roundedDuration, stateOf } from './describe-daemon.ts'

interface Watched {
  /** Its object at the last check. */
  seen: Daemon
  readonly calls: Map<Call, WaitFor>
}

export class Waits implements Responder {
  readonly #supervisor: Supervisor
  readonly #watched: Map<string, Watched> = new Map()
  readonly #names: Map<Call, string> = new Map()
  #wasEnding = false
  readonly handlers: Pick<Handlers, 'wait'>

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.handlers = { wait: (call, args) => this.#wait(call, args) }
  }

  /** After steps: answers calls that a change of their daemon has decided. */
  check(): void {
    const { state } = this.#supervisor
    const isEnding = state.shutdown !== null
    const endBegins = isEnding && !this.#wasEnding
    this.#wasEnding = isEnding
    for (const [name, watched] of this.#watched) {
      const daemon = state.daemons.get(name) as Daemon
      if (daemon === watched.seen && !endBegins) continue
      watched.seen = daemon
      for (const [call, wanted] of [...watched.calls]) this.#answerIfDecided(call, daemon, wanted)
    }
  }

  cancel(call: Call): void {
    call.done(answerOf(this.#daemonOf(call)))
  }

  timeOut(call: Call): void {
    const daemon = this.#daemonOf(call)
    const { name } = daemon.spec
    const wanted = this.#watched.get(name)?.calls.get(call)
    const waited = roundedDuration(this.#supervisor.host.now() - call.sinceMs)
    const message = `cannot wait any longer: ${name} is ${stateOf(daemon)}, not ${wanted}, after ${waited}`
    call.failed(failure('TIMED_OUT', message, `see "pitcrew explain ${name}"`))
  }

  release(call: Call): void {
    const name = this.#names.get(call) as string
    this.#names.delete(call)
    const watched = this.#watched.get(name)
    watched?.calls.delete(call)
    if (watched?.calls.size === 0) this.#watched.delete(name)
  }

  progress(call: Call): Progress {
    return progressOf(this.#supervisor, this.#daemonOf(call).spec.name, call.sinceMs)
  }

  #wait(call: Call, args: WaitArgs): void {
    const { daemon: name, for: wanted = 'ready' } = args
    const daemon = this.#supervisor.state.daemons.get(name) as Daemon
    this.#answerIfDecided(call, daemon, wanted)
    if (!call.isOpen) return
    const watched = this.#watched.get(name) ?? { seen: daemon, calls: new Map() }
    watched.calls.set(call, wanted)
    this.#watched.set(name, watched)
    this.#names.set(call, name)
    call.defer(this, args)
  }

  #answerIfDecided(call: Call, daemon: Daemon, wanted: WaitFor): void {
    const condition = waitCondition(this.#supervisor.state, daemon, wanted)
    if (condition.kind === 'met') call.done(answerOf(daemon))
    else if (condition.kind === 'never') call.failed(neverFailure(daemon, wanted, condition.why))
  }

  #daemonOf(call: Call): Daemon {
    const name = this.#names.get(call) as string
    return this.#supervisor.state.daemons.get(name) as Daemon
  }
}

function answerOf(daemon: Daemon): WaitAnswer {
  const pid = 'pid' in daemon ? daemon.pid : null
  return { daemon: daemon.spec.name, state: stateOf(daemon), run: daemon.run, pid }
}

function neverFailure({ spec: { name } }: Daemon, wanted: WaitFor, why: string): Failure {
  const message = `cannot wait until ${name} is ${wanted}: ${why}`
  return failure('FAILED', message, `see "pitcrew explain ${name}"`)
}

type WaitCondition =
  | { readonly kind: 'met' | 'not yet' }
  | { readonly kind: 'never'; readonly why: string }

const met: WaitCondition = { kind: 'met' }
const notYet: WaitCondition = { kind: 'not yet' }

/** A daemon that was stopped on request is "not yet": it may be started again. */
function waitCondition(state: State, daemon: Daemon, wanted: WaitFor): WaitCondition {
  if (wanted === 'stopped') return daemon.phase === 'stopped' ? met : notYet
  const stands = dependencyState(daemon, wanted)
  if (stands === 'met') return met
  if (stands === 'failed') return never(failureOf(state, daemon))
  if (state.shutdown !== null) return never('pitcrew is shutting down')
  const { kind, restart, main } = daemon.spec
  if (wanted === 'done' && kind === 'daemon' && restart.policy === 'always' && !main) {
    return never('it is a daemon that is restarted whenever it ends, not a job')
  }
  return notYet
}

function failureOf(state: State, daemon: Daemon): string {
  const isSkipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
  if (!isSkipped) return 'it has failed and is not restarted'
  const dependency = unmetDependency(state.daemons, daemon)?.after.daemon ?? 'a dependency'
  return `${dependency}, which it needs, has failed`
}

function never(why: string): WaitCondition {
  return { kind: 'never', why }
}
