/** Commands that serve a daemon without being one: a look at it, its stop, the word of its death.
 *  Each is a run of its own for the host ("web:ready"), with its whole tree, bounded in time; the
 *  core never hears of it. */
import { signalNumbers } from '../../core/signals.ts'
import type { Host, LiveRun, SpawnSpec } from '../../host/host.ts'
import type { Timers } from '../loop/timers.ts'
import { startFailureReason, withReason } from '../report/start-failure.ts'
import { isCommandRun } from './spawn-spec.ts'

export type ServiceCommand = Omit<SpawnSpec, 'daemon' | 'run' | 'ready' | 'notify' | 'control'>

/** After a failure inside pitcrew no timer comes earlier than this, in milliseconds. */
const notBeforeMs = 200

interface Running {
  readonly run: number
  /** When its time is up. */
  untilMs: number
  /** null: it was told, or nobody waits for it any more. */
  onEnd: ((isGood: boolean) => void) | null
}

function programOf({ command }: ServiceCommand): string {
  return Array.isArray(command) ? (command[0] ?? '') : 'pitcrew itself'
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

  /** One of that name is there, if only to be gone soon. */
  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  /** Somebody waits for one of that name. */
  isAwaited(name: string): boolean {
    return this.#running.get(name)?.onEnd != null
  }

  /** One of a name at a time; one that nobody waits for is being killed, and is forgotten.
   *  @param tell Gets what came of it, once: true when it ended with exit code 0, in time.
   *  @returns null, or why it could not be started. */
  start(
    name: string,
    command: ServiceCommand,
    timeoutMs: number,
    onEnd: (isGood: boolean) => void,
  ): string | null {
    const run = ++this.#runs
    const rest = { ready: null, notify: false, control: false }
    try {
      const answer = this.#host.spawn({ daemon: name, run, ...command, ...rest })
      if ('errno' in answer)
        return startFailureReason(withReason(answer, command), programOf(command))
      const untilMs = this.#host.now() + timeoutMs
      this.#running.set(name, { run, untilMs, onEnd })
      this.#timers.arm({ kind: 'command-timeout', command: name }, untilMs)
      return null
    } catch (error) {
      // The failure may be behind the spawn: end the run, since nothing here would bound it.
      this.#forget(name)
      this.#host.stop(name, run, signalNumbers.KILL, 'tree')
      throw error
    }
  }

  /** Nobody waits for it any more. */
  cancel(name: string): void {
    const running = this.#running.get(name)
    if (running === undefined || running.onEnd === null) return
    running.onEnd = null
    this.#kill(name)
  }

  /** Its time is up: that is a failure, told at once. */
  timedOut(name: string): void {
    const running = this.#running.get(name)
    if (running === undefined) return
    this.#kill(name)
    this.#report(running, false)
  }

  /** Its leader ended, or the rest of it. What it leaves behind is ended with it. */
  ended(name: string, run: number, isGood: boolean, gone: boolean): void {
    const running = this.#running.get(name)
    if (running?.run !== run) return
    if (gone) this.#forget(name)
    else this.#kill(name)
    this.#report(running, isGood)
  }

  isAnyAwaited(): boolean {
    for (const { onEnd } of this.#running.values()) if (onEnd !== null) return true
    return false
  }

  /** At the end of everything. */
  cancelAll(which: (name: string) => boolean): void {
    for (const name of this.#running.keys()) if (which(name)) this.cancel(name)
  }

  /** Whoever is left has time until then at most. */
  shortenTimeouts(untilMs: number): void {
    for (const [name, running] of this.#running) {
      if (running.untilMs <= untilMs) continue
      running.untilMs = untilMs
      this.#timers.arm({ kind: 'command-timeout', command: name }, untilMs)
    }
  }

  /** After a failure inside pitcrew: the end of one may not have been told, and one may be there of
   *  which nobody here knows. */
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
        // Its timer may have been lost; and one that fails each time must not make us spin.
        const atMs = Math.max(running.untilMs, this.#host.now() + notBeforeMs)
        this.#timers.arm({ kind: 'command-timeout', command: name }, atMs)
        continue
      }
      const isGood = found?.exit?.code === 0 && found.exit.signal === 0
      this.ended(name, running.run, isGood, found?.gone ?? true)
    }
  }

  #report(running: Running, isGood: boolean): void {
    const { onEnd } = running
    running.onEnd = null
    onEnd?.(isGood)
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
