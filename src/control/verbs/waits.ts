/** `wait`: answered when a daemon is as somebody wants it. A daemon is an object that is made anew
 *  whenever it changes, so that a thousand who wait for one daemon cost one look a step. */
import type { Daemon } from '../../core/daemon/phases.ts'
import type { Progress, WaitAnswer } from '../protocol/answers.ts'
import { failure, noSuchDaemon } from '../protocol/failure.ts'
import type { Handlers } from '../protocol/handlers.ts'
import type { Failure } from '../protocol/protocol.ts'
import type { WaitArgs, WaitFor } from '../protocol/requests.ts'
import type { Call, Waiting } from '../server/call.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { progressOf } from './progress.ts'
import { prospect } from './wait-condition.ts'
import { roughly, stateOf } from './words.ts'

interface Watched {
  /** As it was at the last look. */
  seen: Daemon
  readonly calls: Map<Call, WaitFor>
}

export class Waits implements Waiting {
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
    const waited = roughly(this.#supervisor.host.now() - call.sinceMs)
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
    call.wait(this, args)
  }

  #answerIfDecided(call: Call, daemon: Daemon, wanted: WaitFor): void {
    const found = prospect(daemon, wanted, this.#supervisor.state.shutdown !== null)
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
