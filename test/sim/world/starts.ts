/** What is spawned: the next life of a daemon, or of one of its helpers, begins. */
import type { SpawnAnswer, SpawnSpec } from '../../../src/host/host.ts'
import type { Agenda } from './agenda.ts'
import type { Kernel } from './kernel.ts'
import type { Looks } from './looks.ts'
import type { Output } from './output.ts'
import type { Runs } from './runs.ts'
import { type Life, never, type Schedule } from './schedule.ts'
import type { Words } from './words.ts'

interface Parts {
  readonly agenda: Agenda
  readonly kernel: Kernel
  readonly runs: Runs
  readonly output: Output
  readonly words: Words
  readonly looks: Looks
}

export class Starts {
  readonly #schedule: Schedule
  readonly #parts: Parts
  readonly #count: Map<string, number> = new Map()

  constructor(schedule: Schedule, parts: Parts) {
    this.#schedule = schedule
    this.#parts = parts
  }

  spawn(spec: SpawnSpec): SpawnAnswer {
    const { agenda } = this.#parts
    const life = this.#lifeOf(spec.daemon, spec.run)
    agenda.passTo(agenda.nowMs + life.spawnMs)
    return life.failure ?? this.#start(spec, life)
  }

  /** Helpers of all daemons are numbered together: each kind of one daemon's has lives of its own. */
  #lifeOf(name: string, run: number): Life {
    const lives = this.#schedule.lives[name] as readonly Life[]
    const count = (this.#count.get(name) ?? 0) + 1
    this.#count.set(name, count)
    const number = name.includes(':') ? count : run
    return lives[Math.min(number, lives.length) - 1] as Life
  }

  #start(spec: SpawnSpec, life: Life): SpawnAnswer {
    const { agenda, kernel, runs, output, words, looks } = this.#parts
    const of = { daemon: spec.daemon, run: spec.run }
    const leader = kernel.forkLeader(of, life)
    if (leader === null) return { step: 'fork', errno: 'EAGAIN' }
    runs.add(of, leader.pid)
    words.plan(of, leader, life, spec)
    looks.add(of.daemon, leader, life.seen)
    if (spec.stdio === 'null') return { pid: leader.pid }
    output.open(of)
    const { outputHeldMs } = life
    if (outputHeldMs > 0) output.hold(of, true)
    if (outputHeldMs < never) agenda.after(outputHeldMs, () => output.hold(of, false))
    return { pid: leader.pid }
  }
}
