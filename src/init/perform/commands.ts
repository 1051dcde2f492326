/** The commands of a daemon's stop and of its death: helpers whose output is printed like that of a
 *  daemon ("[web:death] …"). A stop command belongs to its run. The command of a death may be the
 *  only one who tells the operator why everything ended, so the end waits for it, within its time.
 */
import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Host } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import type { Deaths } from '../report/deaths.ts'
import type { Helper, Helpers } from './helpers.ts'

type RunCommand = Extract<Effect, { type: 'run-command' }>
type Elapsed = Omit<Extract<Event, { type: 'elapsed' }>, 'atMs'>

/** How long a command may take, in milliseconds. */
const commandMs = 60_000
export class Commands {
  readonly #host: Host
  readonly #helpers: Helpers
  readonly #deaths: Deaths
  readonly #say: (text: string) => void
  readonly #tell: (event: Elapsed) => void
  #end: { readonly code: number; readonly untilMs: number } | null = null

  /** @param say  Prints a line of pitcrew's own.
   *  @param tell Takes what comes of a command, some time later. */
  constructor(
    host: Host,
    helpers: Helpers,
    deaths: Deaths,
    say: (text: string) => void,
    tell: (event: Elapsed) => void,
  ) {
    this.#host = host
    this.#helpers = helpers
    this.#deaths = deaths
    this.#say = say
    this.#tell = tell
  }

  /** @param helperFor The command, run as the daemon is. */
  run(
    { daemon, run, pid, about }: RunCommand,
    spec: DaemonSpec,
    helperFor: (command: readonly string[], env: readonly string[]) => Helper,
  ): void {
    const command = about === null ? spec.stop.command : spec.onDeath
    if (command === null) return
    const name = about === null ? stopName(daemon) : deathName(daemon)
    const env = [`PITCREW_DAEMON=${daemon}`, `PITCREW_RUN=${run}`, `PITCREW_PID=${pid}`]
    if (about !== null) env.push(...this.#deaths.environment(about))
    const failed = (how: string): void => {
      this.#say(`${name}: ${how}`)
      // What should have stopped it did not: the signal need not wait for half of the grace.
      const timer = { kind: 'half', daemon, run } as const
      if (about === null) this.#tell({ type: 'elapsed', timer })
    }
    const why = this.#start(name, helperFor(command, env), failed)
    if (why !== null) failed(`not run: ${why}`)
  }

  /** The run that it was to stop is over. */
  endStop(daemon: string): void {
    this.#helpers.cancel(stopName(daemon))
  }

  /** Ends the process when the words of all deaths are out, and in any case after this time. */
  finish(code: number, flushMs: number): void {
    const untilMs = this.#host.now() + flushMs
    this.#helpers.cancelAll((name) => !name.endsWith(deathSuffix))
    this.#helpers.hurry(untilMs - flushSilentMs)
    this.#end = { code, untilMs }
    this.#endIfAlone()
  }

  #start(name: string, helper: Helper, failed: (how: string) => void): string | null {
    if (this.#helpers.isWaitedFor(name)) return 'the one before is not over'
    return this.#helpers.start(name, helper, commandMs, (isGood) => {
      if (!isGood) failed('failed')
      this.#endIfAlone()
    })
  }

  #endIfAlone(): void {
    if (this.#end === null || this.#helpers.isAnyWaitedFor()) return
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
