/** The commands of a daemon's stop and of its death: helpers whose output is printed like that of a
 *  daemon ("[web:death] …"). A stop command belongs to its run. The command of a death may be the
 *  only one who tells the operator why everything ended, so the end waits for it, within its time.
 */
import type { DeathNote, Effect } from '../../core/effect.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Host } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { CommandRuns, ServiceCommand } from './command-runs.ts'

type RunCommand = Extract<Effect, { type: 'run-command' }>
/** What a death hook is told, as entries "NAME=value". */
export type DeathEnvironment = (about: DeathNote) => readonly string[]

/** How long a command may take, in milliseconds. */
const commandMs = 60_000
export class Hooks {
  readonly #host: Host
  readonly #runs: CommandRuns
  readonly #deathEnvironment: DeathEnvironment
  readonly #log: (text: string) => void
  readonly #dispatch: (event: UntimedEvent<'elapsed'>) => void
  #end: { readonly code: number; readonly untilMs: number } | null = null

  /** @param log  Prints a line of pitcrew's own.
   *  @param dispatch Takes what comes of a command, some time later. */
  constructor(
    host: Host,
    runs: CommandRuns,
    deathEnvironment: DeathEnvironment,
    log: (text: string) => void,
    dispatch: (event: UntimedEvent<'elapsed'>) => void,
  ) {
    this.#host = host
    this.#runs = runs
    this.#deathEnvironment = deathEnvironment
    this.#log = log
    this.#dispatch = dispatch
  }

  /** @param commandFor The command, run as the daemon is. */
  run(
    { daemon, run, pid, about }: RunCommand,
    spec: DaemonSpec,
    commandFor: (command: readonly string[], env: readonly string[]) => ServiceCommand,
  ): void {
    const command = about === null ? spec.stop.command : spec.onDeath
    if (command === null) return
    const name = about === null ? stopName(daemon) : deathName(daemon)
    const env = [`PITCREW_DAEMON=${daemon}`, `PITCREW_RUN=${run}`, `PITCREW_PID=${pid}`]
    if (about !== null) env.push(...this.#deathEnvironment(about))
    const failed = (how: string): void => {
      this.#log(`${name}: ${how}`)
      // What should have stopped it did not: the signal need not wait for half of the grace.
      const timer = { kind: 'escalate', daemon, run } as const
      if (about === null) this.#dispatch({ type: 'elapsed', timer })
    }
    const why = this.#start(name, commandFor(command, env), failed)
    if (why !== null) failed(`not run: ${why}`)
  }

  /** The run that it was to stop is over. */
  cancelStop(daemon: string): void {
    this.#runs.cancel(stopName(daemon))
  }

  /** Ends the process when the words of all deaths are out, and in any case after this time. */
  finish(code: number, flushMs: number): void {
    const untilMs = this.#host.now() + flushMs
    this.#runs.cancelAll((name) => !name.endsWith(deathSuffix))
    this.#runs.shortenTimeouts(untilMs - flushSilentMs)
    this.#end = { code, untilMs }
    this.#finishWhenIdle()
  }

  #start(name: string, command: ServiceCommand, failed: (how: string) => void): string | null {
    if (this.#runs.isAwaited(name)) return 'the previous one still runs'
    return this.#runs.start(name, command, commandMs, (isGood) => {
      if (!isGood) failed('failed')
      this.#finishWhenIdle()
    })
  }

  #finishWhenIdle(): void {
    if (this.#end === null || this.#runs.isAnyAwaited()) return
    const { code, untilMs } = this.#end
    this.#host.finish(code, Math.max(0, untilMs - this.#host.now()), flushSilentMs)
  }
}

const deathSuffix = ':death'

function deathName(daemon: string): string {
  return daemon + deathSuffix
}

function stopName(daemon: string): string {
  return `${daemon}:stop`
}
