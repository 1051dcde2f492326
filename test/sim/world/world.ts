/** The simulated world in which pitcrew's own init and core run unchanged: a host over a
 *  simulated kernel and a virtual clock. It handles events in the order of native/loop/turn.c,
 *  fulfils the contract of src/host/host.ts, and records everything in a trace. */
import type { Exit } from '../../../src/core/event.ts'
import { signalNumbers } from '../../../src/core/signals.ts'
import type { HelperEnd, HelperTask } from '../../../src/host/helper.ts'
import type {
  Channels,
  Handlers,
  HostEvent,
  OomKills,
  SignalAnswer,
  SignalTarget,
  SpawnAnswer,
} from '../../../src/host/host.ts'
import type { OutputStall } from '../../../src/host/output.ts'
import { handlersFor } from '../../../src/init/image/handlers.ts'
import { Start } from '../../../src/init/start/start.ts'
import type { Call, Moment, Recovery, What } from '../judge/trace.ts'
import { Agenda } from './agenda.ts'
import { Clients } from './clients.ts'
import { hostOf } from './fake-host.ts'
import { Faults, isPlanted } from './faults.ts'
import { Kernel, type Owner, type Process } from './kernel.ts'
import { Output } from './output.ts'
import { parse } from './parser.ts'
import { Probes } from './probes.ts'
import { type Run, Runs } from './runs.ts'
import { type Act, never, type Schedule } from './schedule.ts'
import { SelfReports } from './self-reports.ts'
import { PendingSignals } from './signals.ts'
import { SlowStarts } from './slow-starts.ts'
import { Starts } from './starts.ts'
import { mostWaiting } from './waiting.ts'

/** A longer trace is an endless loop. */
const momentsMax = 40_000
const watchdogCode = 70
/** The extra time after a pause, as the policy's own deadlines get it, in milliseconds. */
const watchdogPauseMs = 1000
const atOnce = 0
/** Shorter stalls are not reported. */
const stallMs = 1000
/** The delay until a changed count of out-of-memory kills is reported. */
const oomReportDelayMs = 750

export class World {
  readonly trace: Moment[] = []
  readonly agenda: Agenda = new Agenda()
  readonly runs: Runs
  readonly #schedule: Schedule
  readonly #kernel: Kernel
  readonly #output: Output
  readonly #selfReports: SelfReports
  readonly #starts: Starts
  readonly #slowStarts: SlowStarts
  readonly probes: Probes
  readonly clients: Clients = new Clients()
  readonly #faults: Faults
  readonly #handlers: Handlers
  readonly #signals: PendingSignals = new PendingSignals()
  #wakeAtMs = Number.POSITIVE_INFINITY
  #frozenUntilMs = 0
  #zombies: Process[] = []
  #helperEnds: HelperEnd[] = []
  #watchdogMs = 10_000
  #watchdogAtMs = Number.POSITIVE_INFINITY
  #isWatchdogArmed = false
  #finish: { code: number; atMs: number; untilMs: number; silentMs: number } | null = null
  #isFlushed = false
  /** When its stdout stalled last. */
  #stalledAtMs = 0
  /** The reported stall. */
  outputStall: OutputStall | null = null
  /** The number of out-of-memory kills. */
  #oomKills = 0
  /** The number at the last notice; null: not requested yet, and not watched. */
  #oomNoticed: number | null = null
  #oomReportAtMs = Number.POSITIVE_INFINITY
  /** Set when pitcrew has exited. */
  exitCode: number | null = null
  /** An error that was not planted. */
  bug: string | null = null

  constructor(schedule: Schedule) {
    this.#schedule = schedule
    this.#kernel = new Kernel(this.agenda, schedule.pidMax)
    this.#slowStarts = new SlowStarts(this.agenda, this.#kernel)
    this.runs = new Runs(this.#kernel, this.#slowStarts)
    this.#output = new Output(this.#kernel, (of) => {
      if (this.runs.isExitReported(of)) this.#dispatch({ type: 'output-closed', ...of })
    })
    this.#selfReports = new SelfReports(this.agenda, this.runs)
    this.probes = new Probes(this.agenda, (look) =>
      this.note('of' in look ? { what: 'look', ...look } : { what: 'forget', ...look }),
    )
    const { agenda, probes } = this
    const parts = {
      agenda,
      probes,
      kernel: this.#kernel,
      runs: this.runs,
      slowStarts: this.#slowStarts,
      output: this.#output,
      selfReports: this.#selfReports,
    }
    this.#starts = new Starts(schedule, parts)
    this.#faults = new Faults(schedule.faults, (fault) => this.note({ what: 'fault', fault }))
    this.#kernel.onZombie = (process) => this.#zombies.push(process)
    this.#kernel.onEnded = (process) => this.#processEnded(process)
    this.#kernel.onExecuted = ({ pid, of }) =>
      this.note({ what: 'executed', pid, ...(of as Owner) })
    this.#slowStarts.onKill = ({ pid, of }) =>
      this.note({ what: 'too-slow', pid, ...(of as Owner) })
    this.#kernel.onBorn = ({ pid, place, of }) =>
      this.note({ what: 'born', pid, place, ...(of as Owner) })
    this.runs.onHit = ({ pid, of }, signal, run, isStop) =>
      this.note({ what: 'hit', pid, signal, ...run.of, isOurs: of === run.of, isStop })
    for (const act of schedule.acts) this.agenda.after(act.atMs, () => this.#act(act))
    const host = hostOf(this, schedule, this.#faults)
    this.#handlers = handlersFor(host, new Start(host))
  }

  /** Plays the schedule until pitcrew has exited. */
  play(): this {
    while (this.exitCode === null && this.trace.length < momentsMax) {
      const nextMs = this.#nextMs()
      if (nextMs === Number.POSITIVE_INFINITY) break
      this.agenda.passTo(nextMs)
      if (this.agenda.nowMs < this.#frozenUntilMs || this.exitCode !== null) continue
      if (this.#isDone()) this.#finishNow()
      else this.#serve()
    }
    return this
  }

  #nextMs(): number {
    const { nowMs, nextMs } = this.agenda
    const lateMs = this.#wakeAtMs > nowMs ? this.#schedule.lateMs : 0
    const finishMs = this.#giveUpMs()
    const hostMs = this.#hasWork() ? atOnce : Math.min(this.#wakeAtMs + lateMs, finishMs)
    return Math.min(nextMs, Math.max(hostMs, this.#frozenUntilMs, nowMs))
  }

  #hasWork(): boolean {
    return (
      this.#slowStarts.isCheckDue ||
      this.#signals.isPending ||
      this.#zombies.length > 0 ||
      this.runs.isCheckWanted ||
      this.#selfReports.isPending ||
      this.probes.isPending ||
      this.clients.isPending ||
      this.#helperEnds.length > 0 ||
      this.#output.hasWork ||
      this.#hasStallChanged ||
      this.#hasOomCountChanged ||
      this.agenda.nowMs >= this.#oomReportAtMs ||
      this.#isDone()
    )
  }

  /** One turn of the loop. */
  #serve(): void {
    const executed = this.#slowStarts.next()
    if (executed !== undefined) this.#dispatch({ type: 'executed', ...executed })
    const signals = this.#signals.take()
    if (this.#signals.wasShutdownRequested) this.startWatchdog()
    for (const signal of signals) this.#dispatch(signal)
    for (
      let said = this.#selfReports.next(null);
      said !== undefined;
      said = this.#selfReports.next(null)
    )
      this.#dispatch(said)
    for (const process of this.#zombies.splice(0, 32))
      this.runs.reap(process, (of) => this.#dispatch({ type: 'executed', ...of }))
    if (this.runs.isCheckWanted) this.runs.check((run, isFirst) => this.#dispatchEnd(run, isFirst))
    if (this.agenda.nowMs >= this.#wakeAtMs) {
      this.#wakeAtMs = Number.POSITIVE_INFINITY
      this.#dispatch({ type: 'wake' })
    }
    this.#dispatchStall()
    this.#dispatchOomKills()
    for (const end of this.#helperEnds.splice(0)) if (this.#finish === null) this.#dispatch(end)
    for (let found = this.probes.next(); found !== undefined; found = this.probes.next())
      this.#dispatch(found)
    for (let request = this.clients.next(); request !== undefined; request = this.clients.next())
      this.#dispatch(request)
    this.#output.serve()
  }

  #dispatchEnd(ended: Run, isFirst: boolean): void {
    const { of, exit, isGone } = ended
    if (isFirst) this.#drain(of)
    ended.exitReported = true
    const outputOpen = this.#output.isOpen(of)
    if (!isFirst) return this.#dispatch({ type: 'gone', ...of, outputOpen })
    this.#dispatch({ type: 'exited', ...of, ...(exit as Exit), gone: isGone, outputOpen })
  }

  /** Delivers the self-reports and the output of a run before its end. */
  #drain(of: Owner): void {
    for (
      let said = this.#selfReports.next(of);
      said !== undefined;
      said = this.#selfReports.next(of)
    ) {
      this.#dispatch(said)
    }
    this.#output.drain(of)
  }

  /** Delivers an event; if that fails, a recovery follows. */
  #dispatch(event: HostEvent): void {
    if (this.#call(event, () => this.#handlers.handle(event))) return
    const shutdownAsked = this.#signals.wasShutdownRequested
    const recovery: Recovery = { type: 'recover', shutdownAsked, live: this.runs.live() }
    this.#faults.isRecovering = true
    this.#call(recovery, () => this.#handlers.recover('injected fault', shutdownAsked))
    this.#faults.isRecovering = false
  }

  #call(event: HostEvent | Recovery, work: () => void): boolean {
    const call: Call = {
      what: 'call',
      event,
      failed: false,
      doneAtMs: 0,
      wakeAtMs: 0,
      mostWaiting: 0,
    }
    this.note(call)
    try {
      this.#faults.enter(event.type)
      work()
    } catch (error) {
      call.failed = true
      if (!isPlanted(error)) this.bug ??= String(error)
    }
    if (this.#faults.leave()) call.failed = true
    call.mostWaiting = mostWaiting()
    call.doneAtMs = this.agenda.nowMs
    call.wakeAtMs = this.#wakeAtMs
    return !call.failed
  }

  /** A pause that began in this call is over before the call continues. */
  #setWatchdog(): void {
    this.#watchdogAtMs = Math.max(this.agenda.nowMs, this.#frozenUntilMs) + this.#watchdogMs
    if (this.#watchdogMs < never) this.#awaitWatchdog()
  }

  #awaitWatchdog(): void {
    const atMs = this.#watchdogAtMs
    this.agenda.after(atMs - this.agenda.nowMs, () => {
      if (this.exitCode !== null || atMs !== this.#watchdogAtMs) return
      this.note({ what: 'last-word' })
      this.runs.killAll()
      this.#end(watchdogCode)
    })
  }

  /** Time in which pitcrew did not run does not count, and it gets extra time after a long
   *  pause. */
  #pause(forMs: number): void {
    const before = Math.max(this.#frozenUntilMs, this.agenda.nowMs)
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.agenda.nowMs + forMs)
    const lostMs = this.#frozenUntilMs - before
    if (!this.#isWatchdogArmed || lostMs === 0) return
    this.#watchdogAtMs += lostMs + watchdogPauseMs
    this.#awaitWatchdog()
  }

  #act(act: Act): void {
    if (this.exitCode !== null) return
    this.note({ what: 'act', act })
    switch (act.type) {
      case 'signal':
        return this.#signals.add(act.signal, act.hangup)
      case 'hit':
        return this.#kernel.signalOneOf(act.daemon, act.index, act.signal)
      case 'oom':
        this.#oomKills++
        return this.#kernel.signalOneOf(act.daemon, 0, signalNumbers.KILL)
      case 'ask':
        return this.clients.ask(act)
      case 'hang-up': {
        const client = this.clients.hangUp(act.caller)
        if (client !== null) this.note({ what: 'hung-up', client })
        return
      }
      case 'intrude': {
        const client = this.clients.intrude(act)
        if (client === null || !act.hangsUp) return
        this.clients.hangUp(act.caller)
        return this.note({ what: 'hung-up', client })
      }
      case 'unrelated':
        this.#kernel.forkUnrelated(act.livesMs)
        return
      case 'pause':
        return this.#pause(act.forMs)
      case 'stall':
        if (!this.#output.isStalled) this.#stalledAtMs = this.agenda.nowMs
        this.#output.isStalled = true
        this.agenda.after(stallMs, () => {})
        return this.agenda.after(act.forMs, () => {
          this.#output.isStalled = false
        })
    }
  }

  #processEnded(process: Process): void {
    this.runs.ended(process)
    const { pid, place, exit, of } = process
    if (of !== null) this.note({ what: 'ended', pid, place, exit, ...of })
  }

  #isDone(): boolean {
    if (this.#finish === null) return false
    if (this.agenda.nowMs >= this.#giveUpMs()) return true
    return this.#output.isIdle && !this.#output.isStalled
  }

  /** When output is given up at the end. */
  #giveUpMs(): number {
    if (this.#finish === null) return Number.POSITIVE_INFINITY
    const { atMs, untilMs, silentMs } = this.#finish
    if (!this.#output.isStalled) return untilMs
    return Math.min(untilMs, Math.max(atMs, this.#stalledAtMs) + silentMs)
  }

  /** A recovery may order the end again: then this is repeated until the time is up. */
  #finishNow(): void {
    this.#isFlushed = true
    this.#dispatch({ type: 'flushed' })
    const isLate = this.agenda.nowMs >= (this.#finish?.untilMs ?? 0)
    if (this.#isFlushed || isLate) this.#end(this.#finish?.code ?? 0)
  }

  /** A stall is reported after a second, and its end at once. */
  get #hasStallChanged(): boolean {
    const { isStalled } = this.#output
    const isLong = isStalled && this.agenda.nowMs >= this.#stalledAtMs + stallMs
    return isLong !== (this.outputStall !== null)
  }

  #dispatchStall(): void {
    if (!this.#hasStallChanged) return
    if (this.outputStall !== null) {
      this.outputStall = null
      return this.#dispatch({ type: 'output-resumed' })
    }
    this.outputStall = { sinceMs: this.#stalledAtMs, errno: 'EAGAIN' }
    this.#dispatch({ type: 'output-stalled', ...this.outputStall })
  }

  get #hasOomCountChanged(): boolean {
    return this.#oomNoticed !== null && this.#oomKills !== this.#oomNoticed
  }

  /** Reported after the deaths that the kills caused. */
  #dispatchOomKills(): void {
    if (this.agenda.nowMs >= this.#oomReportAtMs) {
      this.#oomReportAtMs = Number.POSITIVE_INFINITY
      if (this.#finish === null) this.#dispatch({ type: 'oom-kills', count: this.#oomKills })
    }
    if (!this.#hasOomCountChanged) return
    this.#oomNoticed = this.#oomKills
    this.#oomReportAtMs = Math.min(this.#oomReportAtMs, this.agenda.nowMs + oomReportDelayMs)
    this.agenda.after(oomReportDelayMs, () => {})
  }

  #end(code: number): void {
    this.exitCode = code
    this.note({ what: 'end', code })
  }

  /** Adds to the trace. The result of a call is filled in later. */
  note(what: What): void {
    const moment = what as Moment & { atMs: number; index: number }
    moment.atMs = this.agenda.nowMs
    moment.index = this.trace.length
    this.trace.push(moment)
  }

  // The functions of the host.

  countOomKills(): OomKills {
    this.#oomNoticed ??= this.#oomKills
    return { count: this.#oomKills, isWatched: true }
  }

  wakeAt(atMs: number): void {
    this.#wakeAtMs = atMs
  }

  spawn(daemon: string, run: number, channels: Channels): SpawnAnswer {
    const sinceMs = this.agenda.nowMs
    const answer = this.#starts.spawn({ daemon, run }, channels)
    const tookMs = this.agenda.nowMs - sinceMs
    this.note({ what: 'spawn', daemon, run, answer, tookMs })
    return answer
  }

  signal(daemon: string, run: number, signal: number, to: 'leader' | 'tree'): SignalAnswer {
    const answer: SignalAnswer = 'sent'
    const moment = { what: 'signal' as const, daemon, run, signal, to, isStop: false, answer }
    this.note(moment)
    moment.answer = this.runs.signal(daemon, run, signal, to)
    return moment.answer
  }

  stop(daemon: string, run: number, signal: number, to: SignalTarget): SignalAnswer {
    const answer: SignalAnswer = 'sent'
    const moment = { what: 'signal' as const, daemon, run, signal, to, isStop: true, answer }
    this.note(moment)
    moment.answer = this.runs.stop(daemon, run, signal, to)
    return moment.answer
  }

  closeOutput(daemon: string, run: number): void {
    this.note({ what: 'close-output', daemon, run })
    this.#output.close(daemon, run)
  }

  helper(id: number, task: HelperTask): string | null {
    if ('exists' in task) return this.probes.beginTask(id, task.exists, task.timeoutMs)
    if ('connect' in task) return this.probes.beginTask(id, task.connect, task.timeoutMs)
    if ('append' in task) return this.#append(id, task)
    if ('write' in task) this.note({ what: 'report', text: task.text })
    if (!('run' in task)) return null
    const parsed = parse(this.#schedule, id, task)
    if ('errno' in parsed) return parsed.errno
    this.#endHelper(parsed.afterMs, parsed.end)
    return null
  }

  #endHelper(afterMs: number, end: HelperEnd): void {
    this.agenda.after(afterMs, () => {
      this.#helperEnds.push(end)
    })
  }

  #append(id: number, { text, timeoutMs }: { text: string; timeoutMs: number }): null {
    this.note({ what: 'append', id, text })
    const { tookMs, errno, repeatsAfterMs } = this.#schedule.disk
    const timedOut = tookMs >= timeoutMs
    const atMs = Math.min(tookMs, timeoutMs)
    const endAfter = (ms: number, why: string | null): void =>
      this.#endHelper(ms, {
        type: 'helper',
        id,
        errno: why,
        code: 0,
        signal: 0,
        timedOut,
        text: '',
      })
    endAfter(atMs, timedOut ? 'ETIMEDOUT' : errno)
    if (repeatsAfterMs < never) endAfter(atMs + repeatsAfterMs, errno)
    return null
  }

  send(client: number, line: string): boolean {
    const isOpen = this.clients.isOpen(client)
    if (isOpen) this.note({ what: 'answer', client, line })
    return isOpen
  }

  closeClient(client: number): void {
    this.note({ what: 'close-client', client })
    this.clients.close(client)
  }

  armWatchdog(afterMs: number): void {
    this.#watchdogMs = afterMs
    if (this.#isWatchdogArmed) this.#setWatchdog()
  }

  startWatchdog(): void {
    if (this.#isWatchdogArmed) return
    this.#isWatchdogArmed = true
    this.note({ what: 'last-word-starts' })
    this.#setWatchdog()
  }

  finish(code: number, flushMs: number, silentMs: number): void {
    this.note({ what: 'finish', code, flushMs })
    this.#isFlushed = false
    if (this.#finish !== null) return
    const atMs = this.agenda.nowMs
    this.#finish = { code, atMs, untilMs: atMs + flushMs, silentMs }
    this.#output.closeAll()
  }
}
