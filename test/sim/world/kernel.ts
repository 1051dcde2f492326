/** A simulated kernel: processes with groups; signals that are ignored, pending or slow; zombies
 *  until they are reaped; and pids that are soon reused. */
import type { Exit } from '../../../src/core/event.ts'
import { signalNumbers } from '../../../src/core/signals.ts'
import type { Agenda } from './agenda.ts'
import { type Habits, type Hang, type Life, never, type Other } from './schedule.ts'

export interface Owner {
  readonly daemon: string
  readonly run: number
}

export interface Process {
  readonly pid: number
  readonly group: number
  /** null: a foreign process. */
  readonly of: Owner | null
  readonly place: 'leader' | Other['place'] | 'unrelated'
  readonly habits: Habits
  state: 'alive' | 'zombie' | 'gone'
  /** The process that reaps it. */
  parent: 'us' | 'leader' | 'other'
  isStopped: boolean
  /** What keeps it from executing its program; null: it was executed. */
  hangsIn: Hang['by'] | null
  /** Why it could not be executed. */
  failure: Hang['failure']
  /** Continues the start of a suspended child. */
  continueStart: (() => void) | null
  /** Pending signals of a suspended process or a hanging child, and its pending end. */
  waiting: number[]
  waitingEnd: Exit | null
  ignored: number
  wasKilled: boolean
  exit: Exit
}

const stopSignals: readonly number[] = [signalNumbers.TERM, signalNumbers.INT, signalNumbers.QUIT]
/** Signals that do not end a process by default. */
const harmless: readonly number[] = [
  signalNumbers.CHLD,
  signalNumbers.CONT,
  signalNumbers.STOP,
  signalNumbers.TSTP,
  signalNumbers.TTIN,
  signalNumbers.TTOU,
  signalNumbers.URG,
  signalNumbers.WINCH,
]
const notExecutedCode = 127

export class Kernel {
  readonly processes: Set<Process> = new Set()
  readonly #agenda: Agenda
  /** The number of living processes of each run. */
  readonly #living: Map<Owner, number> = new Map()
  readonly #pidMax: number
  #lastPid = 1

  /** A child of pitcrew can be reaped. */
  onZombie: (process: Process) => void = () => {}
  onEnded: (process: Process) => void = () => {}
  /** A leader that hung has executed its program. */
  onExecuted: (leader: Process) => void = () => {}
  /** For processes other than leaders. */
  onBorn: (process: Process) => void = () => {}
  /** Pids that are still used as the number of a group. */
  isHeld: (pid: number) => boolean = () => false

  constructor(agenda: Agenda, pidMax: number) {
    this.#agenda = agenda
    this.#pidMax = pidMax
  }

  /** @param began Called when its program is executed.
   *  @returns null if no pid is free. */
  forkLeader(of: Owner, life: Life, began: (leader: Process) => void): Process | null {
    const leader = this.#fork(of, 'leader', life.leader, null, 'us')
    if (leader === null) return null
    if (life.hang === null) this.#execute(leader, life, began)
    else this.#standStill(leader, life, life.hang, began)
    return leader
  }

  #execute(leader: Process, { others }: Life, began: (leader: Process) => void): void {
    this.#live(leader)
    for (const other of others) {
      const { place, bornAfterMs } = other
      const group = place === 'escapee' ? null : leader.pid
      const parent = place === 'foreign' ? 'other' : 'leader'
      this.#agenda.after(bornAfterMs, () => {
        // A process that is about to die of KILL does not fork any more.
        if (leader.state !== 'alive' || leader.wasKilled) return
        const process = this.#fork(leader.of, place, other, group, parent)
        if (process === null) return
        this.#live(process)
        this.onBorn(process)
      })
    }
    began(leader)
  }

  /** When the start continues, pending signals have their default effect. */
  #standStill(
    leader: Process,
    life: Life,
    { by, endsAfterMs, failure }: Hang,
    began: (leader: Process) => void,
  ): void {
    leader.hangsIn = by
    leader.isStopped = by === 'stop'
    const goOn = (): void => {
      leader.continueStart = null
      if (leader.state !== 'alive' || leader.wasKilled) return
      const signals = leader.waiting.splice(0).filter((signal) => !harmless.includes(signal))
      if (signals.length > 0) {
        return this.#end(leader, { code: 0, signal: Math.min(...signals) }, false)
      }
      leader.failure = failure
      if (failure !== null) return this.#end(leader, { code: notExecutedCode, signal: 0 }, false)
      leader.hangsIn = null
      this.onExecuted(leader)
      this.#execute(leader, life, began)
    }
    if (by === 'stop') leader.continueStart = goOn
    if (endsAfterMs >= never) return
    this.#agenda.after(endsAfterMs, () => {
      if (by === 'stop') return this.#react(leader, signalNumbers.CONT)
      if (leader.isStopped) leader.continueStart = goOn
      else goOn()
    })
  }

  /** Schedules its exit and its suspension. */
  #live(process: Process): void {
    const { livesMs, exit, stopsAfterMs } = process.habits
    if (livesMs < never) this.#agenda.after(livesMs, () => this.#end(process, exit, false))
    if (stopsAfterMs < never) this.#agenda.after(stopsAfterMs, () => this.#react(process, 19))
  }

  forkUnrelated(livesMs: number): void {
    const nothing = { exitCode: 0, tookMs: 0, ignores: 0 }
    const habits = { livesMs, exit: { code: 0, signal: 0 }, onStop: nothing, onOther: nothing }
    const whole = { ...habits, killMs: 0, stopsAfterMs: never, lagMs: 0 }
    const process = this.#fork(null, 'unrelated', whole, null, 'other')
    if (process !== null) this.#live(process)
  }

  #fork(
    of: Owner | null,
    place: Process['place'],
    habits: Habits,
    group: number | null,
    parent: Process['parent'],
  ): Process | null {
    const pid = this.#nextPid()
    if (pid === null) return null
    const process: Process = {
      pid,
      group: group ?? pid,
      of,
      place,
      habits,
      state: 'alive',
      parent,
      isStopped: false,
      hangsIn: null,
      failure: null,
      continueStart: null,
      waiting: [],
      waitingEnd: null,
      ignored: 0,
      wasKilled: false,
      exit: { code: 0, signal: 0 },
    }
    this.processes.add(process)
    this.#count(of, 1)
    return process
  }

  /** @returns The processes that the signal reached, zombies included. */
  signal(pid: number, signal: number): Process[] {
    return this.#send(signal, (process) => process.pid === pid)
  }

  signalGroup(group: number, signal: number): Process[] {
    return this.#send(signal, (process) => process.group === group)
  }

  /** A signal from outside to the n-th process of a daemon. */
  signalOneOf(daemon: string, index: number, signal: number): void {
    const ofDaemon = [...this.processes].filter(({ of }) => of?.daemon === daemon)
    const process = ofDaemon[index]
    if (process !== undefined) this.#react(process, signal)
  }

  reap(process: Process): void {
    process.state = 'gone'
    this.processes.delete(process)
  }

  #send(signal: number, isMeant: (process: Process) => boolean): Process[] {
    const meant = [...this.processes].filter(isMeant)
    if (signal !== 0) for (const process of meant) this.#react(process, signal)
    return meant
  }

  #react(process: Process, signal: number): void {
    if (process.state !== 'alive') return
    if (signal === signalNumbers.KILL) {
      process.wasKilled = true
      const { killMs } = process.habits
      if (killMs < never) {
        this.#agenda.after(killMs, () => this.#end(process, { code: 0, signal }, true))
      }
    } else if (signal === signalNumbers.CONT) {
      process.isStopped = false
      if (process.continueStart !== null) return process.continueStart()
      for (const waiting of process.waiting.splice(0)) this.#react(process, waiting)
      if (process.waitingEnd !== null) this.#end(process, process.waitingEnd, false)
    } else if (signal === signalNumbers.STOP) {
      process.isStopped = true
    } else if (signal === signalNumbers.SEGV) {
      this.#agenda.after(0, () => this.#end(process, { code: 0, signal }, true))
    } else if (process.hangsIn === 'exec' && !process.isStopped) {
      if (!harmless.includes(signal)) this.#end(process, { code: 0, signal }, false)
    } else if (process.isStopped || process.hangsIn !== null) {
      process.waiting.push(signal)
    } else {
      this.#handleSignal(process, signal)
    }
  }

  #handleSignal(process: Process, signal: number): void {
    const { onStop, onOther } = process.habits
    const reaction = stopSignals.includes(signal) ? onStop : onOther
    if (process.ignored < reaction.ignores) {
      process.ignored++
      return
    }
    const { exitCode, tookMs } = reaction
    const exit = exitCode === null ? { code: 0, signal } : { code: exitCode, signal: 0 }
    this.#agenda.after(tookMs, () => this.#end(process, exit, false))
  }

  #end(process: Process, exit: Exit, byForce: boolean): void {
    if (process.state !== 'alive') return
    if (process.isStopped && !byForce) {
      process.waitingEnd = exit
      return
    }
    process.exit = exit
    this.#count(process.of, -1)
    if (process.place === 'leader') this.#orphan(process)
    if (process.parent === 'us') {
      process.state = 'zombie'
      this.#agenda.after(process.habits.lagMs, () => this.onZombie(process))
    } else {
      this.reap(process)
    }
    this.onEnded(process)
  }

  isLiving(of: Owner): boolean {
    return (this.#living.get(of) ?? 0) > 0
  }

  #count(of: Owner | null, by: 1 | -1): void {
    if (of !== null) this.#living.set(of, (this.#living.get(of) ?? 0) + by)
  }

  /** The leader's children become children of pitcrew. */
  #orphan(leader: Process): void {
    for (const process of this.processes) {
      if (process.of === leader.of && process.parent === 'leader') process.parent = 'us'
    }
  }

  /** Pids are assigned in order, as by Linux, so that one is reused after all others. */
  #nextPid(): number | null {
    const taken = new Set<number>()
    for (const { pid, group } of this.processes) taken.add(pid).add(group)
    for (let tries = 0; tries < this.#pidMax; tries++) {
      this.#lastPid = this.#lastPid >= this.#pidMax ? 2 : this.#lastPid + 1
      if (!taken.has(this.#lastPid) && !this.isHeld(this.#lastPid)) return this.#lastPid
    }
    return null
  }
}
