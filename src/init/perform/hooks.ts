/** The stop command (`stop.command`) and the death command (`onDeath`) of a daemon. Their output is
 *  printed like that of a daemon ("[web:death] …"). A stop command ends with its run. The end of
 *  pitcrew waits for death commands, within the flush time: one may be the only notification that
 *  an operator gets. */
import type { DeathNote, Effect } from '../../core/effect.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Host } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { CommandRuns } from './command-runs.ts'
import type { ServiceCommand } from './spawn-spec.ts'

type RunCommand = Extract<Effect, { type: 'run-command' }>
/** Describes a death to its command, as entries "NAME=value". */
export type DeathEnvironment = (about: DeathNote) => readonly string[]

/** The timeout of a command, in milliseconds. */
const commandMs = 60_000

export class Hooks {
  readonly #host: Host
  readonly #runs: CommandRuns
  readonly #deathEnvironment: DeathEnvironment
  readonly #log: (text: string) => void
  readonly #dispatch: (event: UntimedEvent<'elapsed'>) => void
  #end: { readonly code: number; readonly untilMs: number } | null = null

  /** @param log      Reports a line of pitcrew's own.
   *  @param dispatch Takes the failure of a stop command, as an event of the core. */
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

  /** @param commandFor Makes the command run in the daemon's context, with more environment. */
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
      // A stop command that failed stops nothing: send the signal now, not at half of the grace.
      const timer = { kind: 'escalate', daemon, run } as const
      if (about === null) this.#dispatch({ type: 'elapsed', timer })
    }
    const why = this.#start(name, commandFor(command, env), failed)
    if (why !== null) failed(`not run: ${why}`)
  }

  /** To be called when the run is over. */
  cancelStop(daemon: string): void {
    this.#runs.cancel(stopName(daemon))
  }

  /** Ends pitcrew when all death commands have ended, or after `flushMs` milliseconds. */
  finish(code: number, flushMs: number): void {
    const untilMs = this.#host.now() + flushMs
    this.#runs.cancelAll((name) => !name.endsWith(deathSuffix))
    this.#runs.shortenTimeouts(untilMs - flushSilentMs)
    this.#end = { code, untilMs }
    this.#finishWhenIdle()
  }

  #start(name: string, command: ServiceCommand, failed: (how: string) => void): string | null {
    if (this.#runs.isAwaited(name)) return 'the previous one still runs'
    return this.#runs.start(name, command, commandMs, ({ isGood }) => {
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
