/** The host's table of live runs, modelled on native/tree/runs.c and native/tree/tree.c: when a
 *  run is over, and which processes a signal to it reaches. */
import type { Exit } from '../../../src/core/event.ts'
import { signalNumbers } from '../../../src/core/signals.ts'
import type { LiveRun, RunResources, SignalAnswer, SignalTarget } from '../../../src/host/host.ts'
import type { Kernel, Owner, Process } from './kernel.ts'
import type { SlowStarts } from './slow-starts.ts'

export interface Run {
  readonly of: Owner
  readonly pid: number
  exit: Exit | null
  exitReported: boolean
  isGroupEmpty: boolean
  isGone: boolean
  goneReported: boolean
  /** It has reported on its channel that it is ready. */
  isReady: boolean
  /** The last stop signal to the leader and to the rest of the tree; processes found later get
   *  that, too. */
  leaderSignal: number
  treeSignal: number
  /** Processes that are not reported by wait4. */
  readonly watched: Set<Process>
}

export class Runs {
  readonly #kernel: Kernel
  readonly #slowStarts: SlowStarts
  #table: Run[] = []
  /** A process has ended: the runs are to be checked. */
  isCheckWanted: boolean = false
  onHit: (process: Process, signal: number, run: Run, isStop: boolean) => void = () => {}

  constructor(kernel: Kernel, slowStarts: SlowStarts) {
    this.#kernel = kernel
    this.#slowStarts = slowStarts
    kernel.isHeld = (pid) => this.#table.some((run) => run.pid === pid && !run.isGroupEmpty)
  }

  /** @returns Whether it was not ready before. */
  markReady(of: Owner): boolean {
    const run = this.#table.find((one) => one.of === of)
    if (run === undefined) return true
    const wasReady = run.isReady
    run.isReady = true
    return !wasReady
  }

  add(of: Owner, pid: number): void {
    this.#table.push({
      of,
      pid,
      exit: null,
      exitReported: false,
      isGroupEmpty: false,
      isGone: false,
      goneReported: false,
      isReady: false,
      leaderSignal: 0,
      treeSignal: 0,
      watched: new Set(),
    })
  }

  /** Reaps a child of pitcrew.
   *  @param executed Reports that a leader was executed, if that was not reported before. */
  reap(process: Process, executed: (of: Owner) => void): void {
    const run = this.#table.find(({ of, exit }) => of === process.of && exit === null)
    if (run !== undefined && process.place === 'leader') {
      const failure = this.#slowStarts.reaped(process)
      if (failure === 'executed') executed(run.of)
      const isFailed = failure !== null && failure !== 'executed'
      run.exit = isFailed ? { ...process.exit, failure } : process.exit
    }
    this.#kernel.reap(process)
    this.isCheckWanted = true
  }

  /** A process that is watched through a pidfd has ended. */
  ended(process: Process): void {
    for (const run of this.#table) if (run.watched.delete(process)) this.isCheckWanted = true
  }

  signal(daemon: string, number: number, signal: number, to: 'leader' | 'tree'): SignalAnswer {
    const run = this.#find(daemon, number)
    if (run === undefined) return 'gone'
    if (to === 'leader' ? run.exit !== null : run.isGroupEmpty) return 'gone'
    const reached =
      to === 'leader'
        ? this.#kernel.signal(run.pid, signal)
        : this.#kernel.signalGroup(run.pid, signal)
    if (signal !== 0) for (const process of reached) this.onHit(process, signal, run, false)
    return 'sent'
  }

  stop(daemon: string, number: number, signal: number, to: SignalTarget): SignalAnswer {
    const run = this.#find(daemon, number)
    if (run === undefined) return 'gone'
    if (to !== 'leader') return this.#stopTree(run, signal, to === 'tree')
    if (run.exit !== null) return 'gone'
    if (run.leaderSignal !== signal) {
      run.leaderSignal = signal
      this.#deliver(run, this.#kernel.signal(run.pid, signal), signal)
    }
    return 'sent'
  }

  #find(daemon: string, number: number): Run | undefined {
    return this.#table.find(({ of }) => of.daemon === daemon && of.run === number)
  }

  /** A scan of /proc finds processes that have left the group. */
  #stopTree(run: Run, signal: number, withLeader: boolean): SignalAnswer {
    if (!run.isGroupEmpty) this.#checkGroup(run)
    const isNew = run.treeSignal !== signal || signal === signalNumbers.KILL
    run.treeSignal = signal
    const isMeant = ({ group, of, state, place }: Process): boolean => {
      if (!withLeader && place === 'leader') return false
      return !run.isGroupEmpty && group === run.pid ? true : of === run.of && state === 'alive'
    }
    const meant = [...this.#kernel.processes].filter(isMeant)
    if (meant.length === 0) this.isCheckWanted = true
    for (const process of meant) if (process.group !== run.pid) run.watched.add(process)
    if (isNew) {
      for (const { pid } of meant) this.#deliver(run, this.#kernel.signal(pid, signal), signal)
    }
    return meant.length === 0 ? 'gone' : 'sent'
  }

  #deliver(run: Run, reached: readonly Process[], signal: number): void {
    if (signal === 0) return
    for (const process of reached) {
      this.onHit(process, signal, run, true)
      if (signal !== signalNumbers.KILL) this.#kernel.signal(process.pid, signalNumbers.CONT)
    }
  }

  #checkGroup(run: Run): void {
    let isLiving = false
    for (const process of this.#kernel.processes) {
      if (process.group !== run.pid || process.state !== 'alive') continue
      isLiving = true
      if (process.parent !== 'us') run.watched.add(process)
    }
    if (isLiving || run.exit === null) return
    run.isGroupEmpty = true
    this.isCheckWanted = true
  }

  /** @param report Reports the end of a run or of its leader, which may start others. */
  check(report: (run: Run, isFirst: boolean) => void): void {
    this.isCheckWanted = false
    for (const run of this.#table) if (run.exit !== null && !run.isGone) this.#updateRun(run)
    // The table may grow during the loop.
    for (let index = 0; index < this.#table.length; index++) {
      const run = this.#table[index] as Run
      if (run.exit === null || (run.exitReported && (!run.isGone || run.goneReported))) continue
      report(run, !run.exitReported)
      run.goneReported = run.isGone
    }
    this.#table = this.#table.filter(({ goneReported: isGoneTold }) => !isGoneTold)
  }

  #updateRun(run: Run): void {
    const { processes } = this.#kernel
    if (!run.isGroupEmpty) run.isGroupEmpty = ![...processes].some(({ group }) => group === run.pid)
    if (!run.isGroupEmpty || run.watched.size > 0) return
    for (const process of processes) {
      if (process.of !== run.of || process.state !== 'alive') continue
      run.watched.add(process)
      if (run.treeSignal !== 0) {
        this.#deliver(run, this.#kernel.signal(process.pid, run.treeSignal), run.treeSignal)
      }
    }
    run.isGone = run.watched.size === 0
  }

  /** Also true when the run is not known any more. */
  isExitReported(of: Owner): boolean {
    return this.#table.find((run) => run.of === of)?.exitReported ?? true
  }

  live(): LiveRun[] {
    return this.#table.map(({ of, pid, exit, isGone, isReady }) => ({
      ...of,
      pid,
      exit,
      gone: isGone,
      ready: isReady,
      ...(this.#slowStarts.isSlow(of) && { isSlow: true }),
    }))
  }

  resources(daemon: string, number: number): RunResources | null {
    const isThere = this.#table.some(({ of }) => of.daemon === daemon && of.run === number)
    const lastLines = `words of ${daemon} ${number}\n`
    return isThere ? { cpuMs: 1, memoryKib: 2048, lastLines } : null
  }

  members(daemon: string, number: number): number[] {
    return [...this.#kernel.processes]
      .filter(({ of, state }) => of?.daemon === daemon && of.run === number && state === 'alive')
      .slice(0, 16)
      .map(({ pid }) => pid)
  }

  /** The shutdown watchdog: KILL to everything. */
  killAll(): void {
    for (const run of this.#table) {
      if (!run.isGroupEmpty) this.#kernel.signalGroup(run.pid, signalNumbers.KILL)
      for (const escapee of run.watched) this.#kernel.signal(escapee.pid, signalNumbers.KILL)
    }
  }
}
