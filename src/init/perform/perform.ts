/** What the effects of the core need to be performed (see effects.ts), and the services of daemons.
 */

import type { Daemon } from '../../core/daemon/phases.ts'
import type { Effect } from '../../core/effect.ts'
import type { Event, Started } from '../../core/event.ts'
import { type Environment, environmentFor } from '../../core/plan/environment.ts'
import type { DaemonSpec, Plan } from '../../core/plan/plan.ts'
import type { State } from '../../core/supervisor/state.ts'
import type { Host, NotifyFields } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import { environmentValue } from '../../host/places.ts'
import type { ControlGuard } from '../control/control-guard.ts'
import type { DaemonServices } from '../image/auxiliary.ts'
import { auxiliaryOf } from '../image/load-auxiliary.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import { exitReportTask } from '../report/exit-report.ts'
import type { Reporter } from '../report/reporter.ts'
import type { ServiceManager } from './service-manager.ts'
import { channelsOf, type ServiceCommand, serviceCommandOf } from './spawn-spec.ts'

type Spawn = Extract<Effect, { type: 'spawn' }>
type RunCommand = Extract<Effect, { type: 'run-command' }>
type Operate = Extract<Effect, { type: 'operate' }>
type Finish = Extract<Effect, { type: 'finish' }>

export class Performer {
  readonly host: Host
  readonly #state: State
  #environment: Environment
  readonly #tasks: Tasks
  readonly timers: Timers
  readonly reporter: Reporter
  readonly control: ControlGuard
  /** The exit report; null before the end. */
  #report: Finish['report'] | null = null
  /** The lost output in the exit report that was written, in bytes. */
  #lostBytes = 0
  readonly #dispatch: (event: UntimedEvent) => void
  #services: DaemonServices | null = null
  /** null if NOTIFY_SOCKET is not set. */
  readonly serviceManager: ServiceManager | null

  /** @param plan The whole plan: the environment claims of daemons that are not selected count,
   *  too.
   *  @param dispatch Takes the outcomes of probes, commands and messages, some time later. */
  constructor(
    host: Host,
    plan: Plan,
    state: State,
    tasks: Tasks,
    timers: Timers,
    reporter: Reporter,
    control: ControlGuard,
    dispatch: (event: UntimedEvent) => void,
  ) {
    this.host = host
    this.#state = state
    this.reporter = reporter
    this.control = control
    this.#environment = environmentFor(host.envNames(), plan.daemons)
    this.#tasks = tasks
    this.timers = timers
    this.#dispatch = dispatch
    const isListening = environmentValue(host, 'NOTIFY_SOCKET') !== null
    this.serviceManager = isListening ? new (auxiliaryOf(host).ServiceManager)(host, timers) : null
    host.envHide(this.#environment.claimed)
  }

  /** The environment claims of another plan, with the daemons that are not selected. */
  useClaims({ daemons }: Plan): void {
    const hidden = new Set(this.#environment.claimed)
    this.#environment = environmentFor(this.host.envNames(), daemons)
    this.host.envHide(this.#environment.claimed.filter((position) => !hidden.has(position)))
  }

  /** null before they are first needed. */
  get services(): DaemonServices | null {
    return this.#services
  }

  spawn(effect: Spawn): Event {
    const spec = this.#specOf(effect)
    if (spec.config.length > 0) this.control.operations?.files.spawning(spec.name)
    const inherited = this.#environment.of(spec)
    const { watchdogMs } = spec
    const env =
      watchdogMs === null ? inherited : [...inherited, `WATCHDOG_USEC=${watchdogMs * 1000}`]
    const answer = this.host.spawn(spec, effect.run, env, channelsOf(spec))
    if ('pid' in answer) return this.#spawned(effect, answer)
    return {
      type: 'spawn-failed',
      ...this.#run(effect),
      ...auxiliaryOf(this.host).withReason(answer, spec),
    }
  }

  /** The call may have failed after the spawn, and two runs at once would be worse than a failure.
   */
  spawnLost(effect: Spawn, problem: string): Event {
    const live = this.host
      .liveRuns()
      .find(({ daemon, run }) => daemon === effect.daemon && run === effect.run)
    if (live !== undefined) return this.#spawned(effect, live)
    return { type: 'spawn-failed', ...this.#run(effect), step: 'internal', errno: problem }
  }

  /** Adds the reason to the end of a run that did not execute its program. */
  withFailureReason(event: Event): Event {
    if (event.type !== 'exited' || event.failure === undefined) return event
    try {
      const failure = auxiliaryOf(this.host).withReason(event.failure, this.#specOf(event))
      return { ...event, failure }
    } catch {
      return event // The host reports an end once: losing it would be worse than losing the reason.
    }
  }

  #spawned({ daemon, run }: Spawn, { pid, isSlow }: Started): Event {
    const event = { type: 'spawned', daemon, run, pid, atMs: this.host.now() } as const
    return isSlow ? { ...event, isSlow } : event
  }

  /** The time is that after the spawn, which takes a while. */
  #run({ daemon, run }: Spawn): { daemon: string; run: number; atMs: number } {
    return { daemon, run, atMs: this.host.now() }
  }

  /** Takes a message of sd_notify from a run. */
  takeMessage(daemon: Daemon, run: number, fields: NotifyFields): void {
    this.loadServices().messages.take(daemon, run, fields)
  }

  reportUnattributed(pids: readonly number[]): void {
    this.reporter.log(auxiliaryOf(this.host).unattributedMessage(this.host, pids))
  }

  reportSurvivors(daemon: string, run: number): void {
    const pids = this.host.members(daemon, run)
    if (pids.length > 0) this.reporter.log(`${daemon}: KILL did not end pid ${pids.join(', ')}`)
  }

  loadServices(): DaemonServices {
    const { deaths } = this.reporter
    this.#services ??= auxiliaryOf(this.host).makeDaemonServices({
      host: this.host,
      tasks: this.#tasks,
      timers: this.timers,
      deathEnvironment: (about) => deaths.environment(about),
      log: (text) => this.reporter.log(text),
      commandFor: (spec, command, stdio, more) => this.#serviceCommand(spec, command, stdio, more),
      dispatch: this.#dispatch,
    })
    return this.#services
  }

  watch(effect: Extract<Effect, { type: 'watch' }>): void {
    this.loadServices().probes.watch(this.#specOf(effect), effect.run, effect.for)
  }

  runCommand(effect: RunCommand): void {
    const { hooks } = this.loadServices()
    hooks.run(effect, this.#specOf(effect), (command, env) => {
      return this.#serviceCommand(this.#specOf(effect), command, 'pump', env)
    })
  }

  operate({ verb, daemon, by }: Operate): void {
    const ticket = this.control.requestOperation({
      verb,
      daemon,
      by,
      path: '',
      source: { from: 'disk' },
      ifMatch: null,
      confirmMs: null,
      isDry: false,
      client: 0,
      why: '',
    })
    if (ticket === null)
      this.reporter.log(
        `${daemon}: cannot ${verb} it: it is not selected, or too many operations wait`,
      )
  }

  #specOf({ daemon }: { readonly daemon: string }): DaemonSpec {
    return (this.#state.daemons.get(daemon) as Daemon).spec
  }

  #serviceCommand(
    spec: DaemonSpec,
    command: ServiceCommand['command'],
    stdio: ServiceCommand['stdio'],
    more: readonly string[],
  ): ServiceCommand {
    return serviceCommandOf(this.#environment, spec, command, stdio, more)
  }

  finish({ report, flushMs }: Finish): void {
    this.#report = report
    this.host.startShutdownWatchdog()
    try {
      // After this the core orders nothing more, not even the end of a probe.
      this.#services?.probes.forgetAll()
      // The report first: one child may write both.
      this.#writeReport(report)
      this.reporter.journal.finish()
    } finally {
      if (this.#services !== null) this.#services.hooks.finish(report.code, flushMs)
      else this.host.finish(report.code, flushMs, flushSilentMs)
    }
  }

  /** To be called when all output was written or given up: the lost bytes are known then. Clients
   *  get their last answers. */
  flushed(): void {
    const report = this.#report
    if (report === null) return
    this.control.handle({ type: 'finishing', exitCode: report.code })
    if (this.host.lostOutput().bytes !== this.#lostBytes) this.#writeReport(report)
  }

  #writeReport(report: Finish['report']): void {
    const task = exitReportTask(this.host, this.#state.plan.name, this.reporter, report)
    this.#lostBytes = this.host.lostOutput().bytes
    this.#tasks.start(task, () => {})
  }
}
