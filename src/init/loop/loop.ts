/** The running supervisor. Each host event becomes a step of the core; the effects of the step are
 *  performed, and their outcomes are queued as the next events. A turn is bounded: after some 5 ms
 *  the host has control again, so that a signal never waits behind a thousand starts. */

import type { Effect } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type Signal, signalName } from '../../core/signals.ts'
import { initialState } from '../../core/supervisor/state.ts'
import type { StepContext } from '../../core/supervisor/step-context.ts'
import { step } from '../../core/supervisor/supervisor.ts'
import { formatDuration } from '../../core/text/duration.ts'
import { describeError } from '../../errors.ts'
import type { Handlers, Host, HostEvent, NotifyFields } from '../../host/host.ts'
import { ControlGuard } from '../control/control-guard.ts'
import type { OperationsImage } from '../image/operations.ts'
import type { Operations } from '../operations/operations.ts'
import { type EffectKind, effectKinds } from '../perform/effects.ts'
import { Performer } from '../perform/perform.ts'
import { isCommandRun } from '../perform/spawn-spec.ts'
import { Deaths } from '../report/deaths.ts'
import { Journal } from '../report/journal.ts'
import { Reporter } from '../report/reporter.ts'
import { EventQueue, isShutdown, type UntimedEvent } from './event-queue.ts'
import { faultInjection, type InjectFault } from './fault-injection.ts'
import { RecoverySchedule } from './recovery-schedule.ts'
import { Tasks } from './tasks.ts'
import { type InitTimer, Timers } from './timers.ts'
import { type Trace, traceTo } from './trace.ts'

/** Steps in one turn. */
const batchMax = 32
/** A wake-up that is this late means that pitcrew was paused, in milliseconds. */
const pauseMs = 1000
const stepped = { type: 'stepped' } as const

/** The length of a turn, in milliseconds. */
const turnMs = 5
/** Steps and effects between two readings of the clock. Most turns have fewer and never read it. */
const workPerClockRead = 16
/** The share of a turn that a timer of the control plane counts as: it works on a batch of items.
 */
const batchWork = workPerClockRead

type SignalEvent = Extract<HostEvent, { type: 'signal' }>

export class Loop implements Handlers {
  readonly #host: Host
  readonly #timers: Timers = new Timers()
  readonly #tasks: Tasks
  readonly #reporter: Reporter
  readonly #control: ControlGuard
  readonly #performer: Performer
  readonly #injectFault: InjectFault | null
  readonly #trace: Trace | null
  readonly #state: StepContext
  readonly #recovery: RecoverySchedule = new RecoverySchedule()
  readonly #queue: EventQueue = new EventQueue()
  /** The effects of the last step. They are performed in order, all of a step before the next step.
   *  Effects that exceed the turn wait for the next one. */
  #effects: readonly Effect[] = []
  #performed = 0
  /** When the host's call began. */
  #calledAtMs = 0
  /** Steps and effects of this turn since the clock was read. */
  #worked = 0
  /** When this turn ends; null = the clock was not read yet. */
  #turnEndMs: number | null = null
  #shutdownAsked = false
  /** The boot waits until what an earlier life left of configuration files is finished or undone.
   *  Only a shutdown is stepped meanwhile. */
  #isHeld = false
  /** The time of the next `wake` event, as requested from the host. */
  #wakeAtMs = Number.POSITIVE_INFINITY

  /** @param tracePath The file for a trace of all steps; null = none. */
  constructor(host: Host, plan: Plan, selected: readonly string[], tracePath: string | null) {
    this.#host = host
    this.#injectFault = faultInjection(host)
    const isSelected = new Set(selected)
    const daemons = plan.daemons.filter(({ name }) => isSelected.has(name))
    this.#trace = traceTo(host, tracePath, { ...plan, daemons })
    this.#state = initialState({ ...plan, daemons })
    const timers = this.#timers
    const label = `${plan.label}: `
    const print = (text: string): void => host.print(label + text)
    this.#tasks = new Tasks(host, print)
    const journal = new Journal(host, this.#tasks, plan.name, timers, print)
    this.#reporter = new Reporter(host, print, new Deaths(host), journal)
    const dispatch = (event: UntimedEvent): void => this.#queue.push({ ...event, atMs: host.now() })
    this.#control = new ControlGuard(
      host,
      this.#tasks,
      timers,
      this.#reporter,
      this.#state,
      dispatch,
      (daemon, run, fields) => this.#handleMessage(daemon, run, fields),
      () => this.#loadOperations(),
    )
    this.#performer = new Performer(
      host,
      plan,
      this.#state,
      this.#tasks,
      timers,
      this.#reporter,
      this.#control,
      dispatch,
    )
  }

  /** @param early Signals that arrived before the plan. The first run of a daemon satisfies them.
   */
  boot(early: readonly SignalEvent[] = []): void {
    const atMs = this.#host.now()
    this.#queue.pushLast({ type: 'boot', atMs })
    for (const event of early) this.#queue.pushLast(signalEvent(event, atMs))
    for (const { spec } of this.#state.daemons.values()) {
      if (spec.config.length === 0) continue
      this.#isHeld = true
      this.#control.useOperations().begin(() => {
        this.#isHeld = false
      })
      break
    }
    this.#drain()
  }

  #loadOperations(): Operations {
    const { Operations } = this.#host.loadOperations() as OperationsImage
    return new Operations({
      host: this.#host,
      tasks: this.#tasks,
      timers: this.#timers,
      reporter: this.#reporter,
      control: this.#control,
      state: this.#state,
      services: () => this.#performer.loadServices(),
      useClaims: (plan) => this.#performer.useClaims(plan),
      dispatch: (event) => this.#queue.push({ ...event, atMs: this.#host.now() }),
    })
  }

  handle(event: HostEvent): void {
    const atMs = this.#host.now()
    this.#calledAtMs = atMs
    this.#injectFault?.(`host-${event.type}`)
    if (atMs - this.#wakeAtMs >= pauseMs) this.#handlePause(atMs)
    switch (event.type) {
      case 'exited':
      case 'gone':
      case 'output-closed':
        if (!isCommandRun(event.daemon))
          return this.#enqueue(this.#performer.withFailureReason(timed(event, atMs)))
        return event.type === 'output-closed' ? undefined : this.#endCommandRun(event)
      case 'wake':
        return this.#wake(atMs)
      case 'signal':
        return this.#enqueue(signalEvent(event, atMs))
      case 'ready':
      case 'output-stalled':
      case 'output-resumed':
        return this.#enqueue(timed(event, atMs))
      case 'executed':
        return isCommandRun(event.daemon) ? undefined : this.#enqueue(timed(event, atMs))
      case 'unattributed':
        return this.#performer.reportUnattributed(event.pids)
      case 'oom-kills':
        this.#reporter.reportOomKills(event.count)
        return this.#drain()
      case 'notify':
        this.#handleMessage(event.daemon, event.run, event.fields)
        return this.#drain()
      case 'file':
        this.#control.operations?.files.reported(event)
        return this.#drain()
      case 'watcher-ended':
        this.#control.operations?.files.watcherEnded(event.errno)
        return this.#drain()
      case 'client':
      case 'line':
      case 'client-gone':
      case 'content':
        this.#control.handle(event)
        return this.#drain()
      case 'probed':
      case 'flushed':
      case 'helper':
        if (event.type === 'probed') this.#performer.services?.probes.probed(event)
        else if (event.type === 'flushed') this.#performer.flushed()
        else this.#tasks.ended(event)
        return this.#drain()
      default:
        throw new Error(`unexpected ${event.type}`)
    }
  }

  /** Starts anew from the live runs, since a failed call may have left anything half done. If this
   *  fails, too, it is tried again a little later. */
  recover(problem: string, shutdownAsked: boolean): void {
    const atMs = this.#host.now()
    this.#state.undo()
    this.#queue.clear(this.#state.sweep?.live.values() ?? [])
    this.#effects = []
    this.#performed = 0
    this.#shutdownAsked = shutdownAsked
    this.#recovery.recoveryBegins(atMs)
    this.#wakeAt(this.#recovery.nextMs)
    this.#control.drop()
    this.#tasks.forgetAll()
    this.#reporter.recover()
    this.#reporter.log(`internal error, carrying on: ${problem}`)
    this.#recoverOperations()
    // Before the ends of commands that `#reconcile` queued: the live runs were read before them.
    this.#queue.pushFirst(this.#reconcile(atMs))
    this.#drain()
    this.#recovery.recoverySucceeded()
  }

  /** While pitcrew is paused (SIGSTOP, `docker pause`), no daemon can meet a deadline: all timers
   *  are postponed. */
  #handlePause(nowMs: number): void {
    const lateMs = nowMs - this.#wakeAtMs
    this.#timers.postpone(lateMs + pauseMs)
    // Not every event sets a new wake-up time, and the next event belongs to the same pause.
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    this.#reporter.log(`was paused for ${formatDuration(Math.round(lateMs))}`)
  }

  #wake(nowMs: number): void {
    this.#worked = 0
    this.#turnEndMs = null
    for (
      let timer = this.#timers.takeDue(nowMs);
      timer !== null;
      timer = this.#timers.takeDue(nowMs)
    ) {
      this.#elapsed(timer, nowMs)
      if (this.#isTurnOver(timer.kind === 'control' ? batchWork : 1)) break
    }
    this.#drain()
  }

  #handleMessage(name: string, run: number, fields: NotifyFields): void {
    const daemon = this.#state.daemons.get(name)
    if (daemon !== undefined) this.#performer.takeMessage(daemon, run, fields)
  }

  #endCommandRun(event: Extract<HostEvent, { type: 'exited' | 'gone' }>): void {
    const exit = event.type === 'gone' ? null : event
    const gone = exit === null || exit.gone
    this.#performer.services?.commandRuns.ended(event.daemon, event.run, exit, gone)
    this.#drain()
  }

  #elapsed(timer: InitTimer, atMs: number): void {
    this.#injectFault?.(`elapsed-${timer.kind}`)
    switch (timer.kind) {
      case 'probe':
      case 'probe-timeout':
        return this.#performer.services?.probes.elapsed(timer)
      case 'command-timeout':
        return this.#performer.services?.commandRuns.timedOut(timer.command)
      case 'journal':
        return this.#reporter.journal.flush()
      case 'service-manager':
        return this.#performer.serviceManager?.elapsed(timer.what)
      case 'operation':
        return this.#control.operations?.elapsed(timer.what)
      case 'control':
        return this.#control.handle({ type: 'elapsed', key: timer.key })
      default:
        this.#queue.push({ type: 'elapsed', timer, atMs })
    }
  }

  #enqueue(event: Event): void {
    this.#queue.push(event)
    this.#drain()
  }

  /** Steps queued events until the turn is over; the rest waits for the next turn. */
  #drain(): void {
    if (this.#isHeld) return this.#drainHeld()
    this.#worked = 0
    this.#turnEndMs = null
    let steps = 0
    let isOver = this.#performed < this.#effects.length && this.#perform()
    while (!isOver && steps < batchMax) {
      const event = this.#nextEvent()
      if (event === undefined) break
      this.#step(event)
      this.#queue.remove(event)
      steps++
      isOver = this.#effects.length > 0 && this.#perform()
    }
    if (steps > 0) this.#control.handle(stepped)
    const isPerforming = this.#performed < this.#effects.length
    const isBusy = isPerforming || this.#queue.size > 0 || this.#state.sweep !== null
    const nextMs = Math.min(this.#timers.nextMs(), this.#recovery.nextMs)
    this.#wakeAt(isBusy ? this.#host.now() : nextMs)
  }

  #recoverOperations(): void {
    try {
      this.#control.operations?.recover()
    } catch (error) {
      // The daemons are more important.
      this.#isHeld = false
      this.#reporter.log(`internal error, operations are lost: ${describeError(error)}`)
    }
  }

  /** Steps a shutdown, and then everything else. */
  #drainHeld(): void {
    const next = this.#queue.first
    if (next === undefined || !endsHold(next)) return this.#wakeAt(this.#timers.nextMs())
    this.#isHeld = false
    this.#drain()
  }

  /** A sweep ends before any other event is stepped; only a recovery interrupts it. A due
   *  reconciliation waits until the queue is empty. */
  #nextEvent(): Event | undefined {
    const next = this.#queue.first
    if (this.#state.sweep !== null && next?.type !== 'reconcile') {
      return { type: 'continue', atMs: this.#host.now() }
    }
    if (next !== undefined || this.#recovery.nextMs === Number.POSITIVE_INFINITY) return next
    const atMs = this.#host.now()
    if (this.#recovery.takeDue(atMs)) this.#queue.pushFirst(this.#reconcile(atMs))
    return this.#queue.first
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = atMs
    this.#host.wakeAt(atMs)
  }

  #reconcile(atMs: number): Event {
    const all = this.#host.liveRuns()
    this.#performer.services?.probes.forgetAll()
    this.#performer.services?.commandRuns.reconcile(all)
    const live = this.#queue.withEnds(all).filter(({ daemon }) => !isCommandRun(daemon))
    const outputStall = this.#host.outputStall()
    return { type: 'reconcile', atMs, live, shutdownRequested: this.#shutdownAsked, outputStall }
  }

  /** An event that waited in the queue happens now, so that its waiting time does not shorten a
   *  grace that begins with it. */
  #step(queued: Event): void {
    const atMs = this.#calledAtMs
    const event = queued.atMs < atMs ? { ...queued, atMs } : queued
    this.#injectFault?.(event.type)
    const effects = step(this.#state, event)
    this.#trace?.(event, effects)
    this.#effects = effects.length > 1 ? nextRunFirst(event, effects) : effects
    this.#performed = 0
    this.#worked++
    this.#performer.serviceManager?.stepped(this.#state)
  }

  /** Performs the effects of the last step.
   *  @returns True if the turn is over, whether or not effects are left. */
  #perform(): boolean {
    const effects = this.#effects
    const inject = this.#injectFault
    const performer = this.#performer
    let at = this.#performed
    for (;;) {
      const from = at
      const end = Math.min(effects.length, from + workPerClockRead)
      while (at < end) {
        const effect = effects[at++] as Effect
        const kind = effectKinds[effect.type]
        let outcome: Event | null
        try {
          inject?.(`perform-${effect.type}`)
          outcome = kind.perform(effect, performer)
        } catch (error) {
          outcome = this.#lost(effect, kind, describeError(error))
        }
        if (outcome !== null) this.#queue.push(outcome)
      }
      this.#performed = at
      if (this.#isTurnOver(end - from)) return true
      if (end === effects.length) return false
    }
  }

  /** @param worked Steps and effects since the last call. */
  #isTurnOver(worked: number): boolean {
    this.#worked += worked
    if (this.#worked < workPerClockRead) return false
    this.#worked = 0
    const nowMs = this.#host.now()
    this.#turnEndMs ??= nowMs + turnMs
    return nowMs >= this.#turnEndMs
  }

  #lost(effect: Effect, kind: EffectKind, problem: string): Event | null {
    if (kind.lost === 'repeat') this.#recovery.orderLost()
    this.#reporter.log(`internal error: cannot perform ${kind.describe(effect)}: ${problem}`)
    return typeof kind.lost === 'function' ? kind.lost(effect, this.#performer, problem) : null
  }
}

/** Whether an event is stepped before what an earlier life left is undone. */
function endsHold(event: Event): boolean {
  return event.type === 'reconcile' ? event.shutdownRequested : isShutdown(event)
}

/** Moves the spawn of the next run before the reports of the end: formatting takes time, and output
 *  is written only at the end of the turn. */
function nextRunFirst(event: Event, effects: readonly Effect[]): readonly Effect[] {
  if (event.type !== 'exited' && event.type !== 'gone') return effects
  const { daemon } = event
  for (let at = 0; at < effects.length; at++) {
    const effect = effects[at] as Effect
    if (effect.type !== 'spawn' || effect.daemon !== daemon) continue
    const moved: Effect[] = [effect]
    for (let from = 0; from < effects.length; from++)
      if (from !== at) moved.push(effects[from] as Effect)
    return moved
  }
  return effects
}

/** Adds the time in place: the event belongs to this call, and a copy costs as much as its step. */
function timed<E extends HostEvent>(event: E, atMs: number): E & { readonly atMs: number } {
  const result = event as E & { atMs: number }
  result.atMs = atMs
  return result
}

/** A signal number without a name maps to nothing, so the core ignores it like any unmapped one. */
function signalEvent(event: SignalEvent, atMs: number): Event {
  return { ...event, atMs, signal: signalName(event.signal) as Signal }
}
