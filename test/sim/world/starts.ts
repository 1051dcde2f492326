/** Spawns the next life of a daemon or of one of its helpers. */
import type { Channels, SpawnAnswer } from '../../../src/host/host.ts'
import type { Agenda } from './agenda.ts'
import type { Kernel, Owner } from './kernel.ts'
import type { Output } from './output.ts'
import type { Probes } from './probes.ts'
import type { Runs } from './runs.ts'
import { type Life, never, type Schedule } from './schedule.ts'
import type { SelfReports } from './self-reports.ts'
import type { SlowStarts } from './slow-starts.ts'

interface Parts {
  readonly agenda: Agenda
  readonly kernel: Kernel
  readonly runs: Runs
  readonly slowStarts: SlowStarts
  readonly output: Output
  readonly selfReports: SelfReports
  readonly probes: Probes
}

export class Starts {
  readonly #schedule: Schedule
  readonly #parts: Parts
  readonly #count: Map<string, number> = new Map()

  constructor(schedule: Schedule, parts: Parts) {
    this.#schedule = schedule
    this.#parts = parts
  }

  spawn(of: Owner, channels: Channels): SpawnAnswer {
    const { agenda } = this.#parts
    const life = this.#lifeOf(of)
    agenda.passTo(agenda.nowMs + life.spawnMs)
    return life.failure ?? this.#start(of, life, channels)
  }

  /** Helpers of all daemons are numbered together, but each kind of helper of a daemon has lives
   *  of its own. */
  #lifeOf({ daemon, run }: Owner): Life {
    const lives = this.#schedule.lives[daemon] as readonly Life[]
    const count = (this.#count.get(daemon) ?? 0) + 1
    this.#count.set(daemon, count)
    const number = daemon.includes(':') ? count : run
    return lives[Math.min(number, lives.length) - 1] as Life
  }

  #start(of: Owner, life: Life, channels: Channels): SpawnAnswer {
    const { agenda, kernel, runs, slowStarts, selfReports, probes } = this.#parts
    const isSlow = life.hang !== null
    // Events in this time happen before the child exists.
    const waitedMs = isSlow ? slowStarts.waitMs : 0
    agenda.passTo(agenda.nowMs + waitedMs)
    const leader = kernel.forkLeader(of, life, (process) => {
      selfReports.schedule(of, process, life, channels)
      probes.add(of.daemon, process, life.probed)
    })
    if (leader === null) return { step: 'fork', errno: 'EAGAIN' }
    const { pid } = leader
    runs.add(of, pid)
    if (channels.stdio !== 'null') this.#openOutput(of, life)
    if (!isSlow) return { pid }
    slowStarts.add(of, leader, waitedMs)
    return { pid, isSlow }
  }

  #openOutput(of: Owner, { outputHeldMs }: Life): void {
    const { agenda, output } = this.#parts
    output.open(of)
    if (outputHeldMs > 0) output.hold(of, true)
    if (outputHeldMs < never) agenda.after(outputHeldMs, () => output.hold(of, false))
  }
}
