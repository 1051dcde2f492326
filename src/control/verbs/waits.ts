/** `wait`: answered when a daemon is as somebody wants it. A daemon is an object that is made anew
 *  whenever it changes, so that a thousand who wait for one daemon cost one look a step. */
import { standing } from '../../core/daemon/dependency-state.ts'
import type { Daemon } from '../../core/daemon/phases.ts'
import type { Progress, WaitAnswer } from '../protocol/answers.ts'
import { type Failure, failure, noSuchDaemon } from '../protocol/failure.ts'
import type { WaitArgs, WaitFor } from '../protocol/requests.ts'
import type { Call, Handlers, Responder } from '../server/connection.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { progressOf, roundedDuration, stateOf } from './describe-daemon.ts'

interface Watched {
  /** As it was at the last look. */
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

  /** After steps were done: who of those that are waited for has changed? */
  look(): void {
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
    call.failed(failure('TIMED_OUT', message, `"pitcrew explain ${name}" says why`))
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
    const { daemons } = this.#supervisor.state
    const { daemon: name, for: wanted = 'ready' } = args
    const daemon = daemons.get(name)
    if (daemon === undefined) return call.failed(noSuchDaemon(name, [...daemons.keys()]))
    this.#answerIfDecided(call, daemon, wanted)
    if (!call.isOpen) return
    const watched = this.#watched.get(name) ?? { seen: daemon, calls: new Map() }
    watched.calls.set(call, wanted)
    this.#watched.set(name, watched)
    this.#names.set(call, name)
    call.defer(this, args)
  }

  #answerIfDecided(call: Call, daemon: Daemon, wanted: WaitFor): void {
    const found = waitCondition(daemon, wanted, this.#supervisor.state.shutdown !== null)
    if (found.kind === 'met') call.done(answerOf(daemon))
    else if (found.kind === 'never') call.failed(neverFailure(daemon, wanted, found.why))
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
  return failure('FAILED', message, `"pitcrew explain ${name}" says more`)
}

type WaitCondition =
  | { readonly kind: 'met' | 'not yet' }
  | { readonly kind: 'never'; readonly why: string }

const met: WaitCondition = { kind: 'met' }
const notYet: WaitCondition = { kind: 'not yet' }

/** Stopped by an operator is "not yet": he may start it again. */
function waitCondition(daemon: Daemon, wanted: WaitFor, isEnding: boolean): WaitCondition {
  if (wanted === 'stopped') return daemon.phase === 'stopped' ? met : notYet
  const stands = standing(daemon, wanted)
  if (stands === 'met') return met
  if (stands === 'failed') return never(failureWords(daemon))
  if (isEnding) return never('pitcrew is shutting down')
  const { kind, restart, main } = daemon.spec
  if (wanted === 'done' && kind === 'daemon' && restart.policy === 'always' && !main) {
    return never('it is no job: it is started again whenever it ends')
  }
  return notYet
}

function failureWords(daemon: Daemon): string {
  const isSkipped = daemon.phase === 'stopped' && daemon.end === 'skipped'
  return isSkipped ? 'somebody whom it needs has failed' : 'it has failed for good'
}

function never(why: string): WaitCondition {
  return { kind: 'never', why }
}
