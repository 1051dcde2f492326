/** The host's table of live runs and the end of a tree, after native/runs.c and native/tree.c: when is a run over, and
 *  whom does a signal to it reach? */
import type { Exit } from '../../src/core/event.ts'
import { signalNumbers } from '../../src/core/signals.ts'
import type { Legacy, LiveRun, SignalAnswer, SignalTarget } from '../../src/host/host.ts'
import type { Kernel, Owner, Process } from './kernel.ts'

export interface Run {
  readonly of: Owner
  readonly pid: number
  exit: Exit | null
  exitTold: boolean
  isGroupEmpty: boolean
  isGone: boolean
  isGoneTold: boolean
  /** It said by its channel that it is ready. */
  isReady: boolean
  /** The last one to the whole tree: what is found later gets it, too. */
  treeSignal: number
  /** Processes that wait4 does not tell about. */
  readonly watched: Set<Process>
}

export class Runs {
  readonly #kernel: Kernel
  #table: Run[] = []
  /** Something ended: look again. */
  isCheckWanted: boolean = false
  onHit: (process: Process, signal: number, run: Run) => void = () => {}

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    kernel.isHeld = (pid) => this.#table.some((run) => run.pid === pid && !run.isGroupEmpty)
  }

  /** @returns Whether that is news. */
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
      exitTold: false,
      isGroupEmpty: false,
      isGone: false,
      isGoneTold: false,
      isReady: false,
      treeSignal: 0,
      watched: new Set(),
    })
  }

  /** A process that was our child is reaped. */
  reap(process: Process): void {
    const run = this.#table.find(({ of, exit }) => of === process.of && exit === null)
    if (run !== undefined && process.place === 'leader') run.exit = process.exit
    this.#kernel.reap(process)
    this.isCheckWanted = true
  }

  /** A process that is watched through a descriptor of its own ends. */
  ended(process: Process): void {
    for (const run of this.#table) if (run.watched.delete(process)) this.isCheckWanted = true
  }

  signal(daemon: string, number: number, signal: number, to: SignalTarget): SignalAnswer {
    const run = this.#table.find(({ of }) => of.daemon === daemon && of.run === number)
    if (run === undefined) return 'gone'
    if (to === 'leader') {
      if (run.exit !== null) return 'gone'
      this.#deliver(run, this.#kernel.signal(run.pid, signal), signal)
      return 'sent'
    }
    return this.#signalTree(run, signal) ? 'sent' : 'gone'
  }

  #signalTree(run: Run, signal: number): boolean {
    if (run.treeSignal !== 0 && !run.isGroupEmpty) this.#lookIntoGroup(run)
    if (signal !== 0) run.treeSignal = signal
    let isAnybody = false
    if (!run.isGroupEmpty) {
      const reached = this.#kernel.signalGroup(run.pid, signal)
      if (reached.length === 0) this.isCheckWanted = true
      else isAnybody = true
      this.#deliver(run, reached, signal)
    }
    for (const stray of run.watched) {
      if (stray.group === run.pid) continue
      this.#deliver(run, this.#kernel.signal(stray.pid, signal), signal)
      isAnybody = true
    }
    return isAnybody
  }

  #deliver(run: Run, reached: readonly Process[], signal: number): void {
    if (signal === 0) return
    for (const process of reached) {
      this.onHit(process, signal, run)
      if (signal !== signalNumbers.KILL) this.#kernel.signal(process.pid, signalNumbers.CONT)
    }
  }

  #lookIntoGroup(run: Run): void {
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

  /** @param tell Tells pitcrew of a run's end, or of its leader's. It may start others. */
  check(tell: (run: Run, isFirst: boolean) => void): void {
    this.isCheckWanted = false
    for (const run of this.#table) if (run.exit !== null && !run.isGone) this.#look(run)
    // The table may grow meanwhile.
    for (let index = 0; index < this.#table.length; index++) {
      const run = this.#table[index] as Run
      if (run.exit === null || (run.exitTold && (!run.isGone || run.isGoneTold))) continue
      const isFirst = !run.exitTold
      run.exitTold = true
      tell(run, isFirst)
      run.isGoneTold = run.isGone
    }
    this.#table = this.#table.filter(({ isGoneTold }) => !isGoneTold)
  }

  #look(run: Run): void {
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

  live(): LiveRun[] {
    return this.#table.map(({ of, pid, exit, isGone, isReady }) => ({
      ...of,
      pid,
      exit,
      gone: isGone,
      ready: isReady,
    }))
  }

  legacy(daemon: string, number: number): Legacy | null {
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

  /** The host's last word: KILL to everything, and no question asked. */
  killAll(): void {
    for (const run of this.#table) {
      if (!run.isGroupEmpty) this.#kernel.signalGroup(run.pid, signalNumbers.KILL)
      for (const stray of run.watched) this.#kernel.signal(stray.pid, signalNumbers.KILL)
    }
  }
}
