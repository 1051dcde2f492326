/** Runs of the commands that serve a daemon: its probes, its stop command, its death command. To
 *  the host each is a run with a name of its own ("web:ready"), so that its whole tree is ended at
 *  its timeout. The core does not know these runs. */
import type { Exit } from '../../core/event.ts'
import { signalNumbers } from '../../core/signals.ts'
import type { Host, LiveRun } from '../../host/host.ts'
import type { Timers } from '../loop/timers.ts'
import { startFailureReason, withReason } from '../report/start-failure.ts'
import { isCommandRun, type ServiceCommand } from './spawn-spec.ts'

/** The least timeout after a failure inside pitcrew, in milliseconds. */
const notBeforeMs = 200

/** How a command ended. `isGood`: it exited with 0 before its timeout. `exit`: null if its end was
 *  not observed. `run`: for `Host.runResources`. */
export interface CommandEnd {
  readonly isGood: boolean
  readonly run: number
  readonly exit: Exit | 'timed-out' | null
}

interface Running {
  readonly run: number
  /** Its timeout, in the time of `Host.now()`. */
  untilMs: number
  /** null: the outcome was reported, or the run was cancelled. */
  onEnd: ((end: CommandEnd) => void) | null
}

function programOf({ command }: ServiceCommand): string {
  return Array.isArray(command) ? (command[0] ?? '') : 'pitcrew itself'
}

function isSuccess(exit: CommandEnd['exit']): boolean {
  if (exit === null || exit === 'timed-out') return false
  return exit.code === 0 && exit.signal === 0 && exit.failure === undefined
}

export class CommandRuns {
  readonly #host: Host
  readonly #timers: Timers
  readonly #running: Map<string, Running> = new Map()
  #runs = 0

  constructor(host: Host, timers: Timers) {
    this.#host = host
    this.#timers = timers
  }

  /** Also true for a run that is being killed. */
  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  /** True while the outcome of such a run is wanted. */
  isAwaited(name: string): boolean {
    return this.#running.get(name)?.onEnd != null
  }

  /** Starts a run. A cancelled run of the same name is forgotten; its KILL is already sent.
   *  @param onEnd Gets the outcome, once.
   *  @returns null, or why the run could not be started. */
  start(
    name: string,
    command: ServiceCommand,
    timeoutMs: number,
    onEnd: (end: CommandEnd) => void,
  ): string | null {
    const run = ++this.#runs
    const { env, stdio } = command
    const channels = { stdio, ready: null, notify: false, control: false }
    try {
      const answer = this.#host.spawn({ ...command, name }, run, env, channels)
      if ('errno' in answer)
        return startFailureReason(withReason(answer, command), programOf(command))
      const untilMs = this.#host.now() + timeoutMs
      this.#running.set(name, { run, untilMs, onEnd })
      this.#timers.arm({ kind: 'command-timeout', command: name }, untilMs)
      return null
    } catch (error) {
      // The call may have failed after the spawn: end the run, since no timer bounds it.
      this.#forget(name)
      this.#host.stop(name, run, signalNumbers.KILL, 'tree')
      throw error
    }
  }

  /** Ends a run; its outcome is not reported. */
  cancel(name: string): void {
    const running = this.#running.get(name)
    if (running === undefined || running.onEnd === null) return
    running.onEnd = null
    this.#kill(name)
  }

  /** Ends a run at its timeout, and reports a failure at once. */
  timedOut(name: string): void {
    const running = this.#running.get(name)
    if (running === undefined) return
    this.#kill(name)
    this.#report(running, 'timed-out')
  }

  /** To be called when the leader of a run ended, or all of it (`gone`). Remaining processes are
   *  killed. @param exit null if the end of the leader was not observed, or was reported before. */
  ended(name: string, run: number, exit: Exit | null, gone: boolean): void {
    const running = this.#running.get(name)
    if (running?.run !== run) return
    if (gone) this.#forget(name)
    else this.#kill(name)
    this.#report(running, exit)
  }

  isAnyAwaited(): boolean {
    for (const { onEnd } of this.#running.values()) if (onEnd !== null) return true
    return false
  }

  /** Cancels all runs that `which` selects. */
  cancelAll(which: (name: string) => boolean): void {
    for (const name of this.#running.keys()) if (which(name)) this.cancel(name)
  }

  /** Limits the timeouts of all runs to this time. */
  shortenTimeouts(untilMs: number): void {
    for (const [name, running] of this.#running) {
      if (running.untilMs <= untilMs) continue
      running.untilMs = untilMs
      this.#timers.arm({ kind: 'command-timeout', command: name }, untilMs)
    }
  }

  /** After a failure inside pitcrew: reports the ends that were missed, and kills runs that are not
   *  known here. */
  reconcile(live: readonly LiveRun[]): void {
    const runs = new Map<string, LiveRun>()
    for (const one of live) {
      const { daemon, run, gone } = one
      if (!isCommandRun(daemon)) continue
      if (this.#running.get(daemon)?.run === run) runs.set(daemon, one)
      else if (!gone) this.#host.stop(daemon, run, signalNumbers.KILL, 'tree')
    }
    for (const [name, running] of [...this.#running]) {
      const found = runs.get(name)
      if (found !== undefined && !found.gone && found.exit === null) {
        // Its KILL may be what failed.
        if (running.onEnd === null) this.#kill(name)
        // Its timer may be lost. A lower bound keeps a timer that always fails from spinning.
        const atMs = Math.max(running.untilMs, this.#host.now() + notBeforeMs)
        this.#timers.arm({ kind: 'command-timeout', command: name }, atMs)
        continue
      }
      this.ended(name, running.run, found?.exit ?? null, found?.gone ?? true)
    }
  }

  #report(running: Running, exit: CommandEnd['exit']): void {
    const { onEnd, run } = running
    running.onEnd = null
    onEnd?.({ isGood: isSuccess(exit), run, exit })
  }

  #kill(name: string): void {
    const running = this.#running.get(name)
    if (running !== undefined) {
      this.#host.stop(name, running.run, signalNumbers.KILL, 'tree')
    }
  }

  #forget(name: string): void {
    this.#running.delete(name)
    this.#timers.disarm({ kind: 'command-timeout', command: name })
  }
}
