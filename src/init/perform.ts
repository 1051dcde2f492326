/** Does what the core decided: one effect, a host call or two, and what came of it as the next
 *  event. */
import type { Effect } from '../core/effect.ts'
import type { Event } from '../core/event.ts'
import type { DaemonSpec, Plan } from '../core/plan.ts'
import { signalNumbers } from '../core/signals.ts'
import type { Host } from '../host/host.ts'
import { stateFolders } from '../host/places.ts'
import { type Environment, environmentFor } from './environment.ts'
import { exitReportText } from './exit-report.ts'
import { wordsOf } from './report.ts'
import { spawnSpecOf } from './spawn-spec.ts'
import type { Timers } from './timers.ts'

type Spawn = Extract<Effect, { type: 'spawn' }>

export class Performer {
  readonly #host: Host
  readonly #plan: Plan
  readonly #specs: ReadonlyMap<string, DaemonSpec>
  readonly #environment: Environment
  readonly #timers: Timers

  /** @param plan The whole plan: claims of daemons that were not selected count, too. */
  constructor(host: Host, plan: Plan, timers: Timers) {
    this.#host = host
    this.#plan = plan
    this.#specs = new Map(plan.daemons.map((spec) => [spec.name, spec]))
    this.#environment = environmentFor(host.envNames(), plan.daemons)
    this.#timers = timers
    host.envHide(this.#environment.claimed)
  }

  /** @returns What came of it at once, if anything. */
  perform(effect: Effect): Event | null {
    const host = this.#host
    switch (effect.type) {
      case 'spawn':
        return this.#spawn(effect)
      case 'signal':
        host.signal(effect.daemon, effect.run, signalNumbers[effect.signal], effect.to)
        return null
      case 'probe':
        this.#nameMembers(effect.daemon, effect.run)
        host.signal(effect.daemon, effect.run, 0, 'tree')
        return null
      case 'close-output':
        host.closeOutput(effect.daemon, effect.run)
        return null
      case 'arm':
        this.#timers.arm(effect.timer, host.now() + effect.afterMs)
        return null
      case 'disarm':
        this.#timers.disarm(effect.timer)
        return null
      case 'report':
        this.say(wordsOf(effect.note))
        return null
      case 'finish':
        this.#finish(effect)
        return null
    }
  }

  /** What an effect that could not be performed means for the core. */
  failed(effect: Effect, problem: string): Event | null {
    this.say(`internal error: cannot perform ${effect.type}: ${problem}`)
    if (effect.type !== 'spawn') return null
    // It may have failed behind the spawn, and two runs at once would be worse than any failure.
    const live = this.#host
      .live()
      .find(({ daemon, run }) => daemon === effect.daemon && run === effect.run)
    if (live !== undefined) return { type: 'spawned', ...this.#run(effect), pid: live.pid }
    return { type: 'spawn-failed', ...this.#run(effect), step: 'internal', errno: problem }
  }

  /** One of pitcrew's own lines. */
  say(text: string): void {
    this.#host.print(`${this.#plan.label}: ${text}`)
  }

  #spawn(effect: Spawn): Event {
    const spec = this.#specs.get(effect.daemon) as DaemonSpec
    const spawnSpec = spawnSpecOf(this.#host, this.#environment, spec, effect.run)
    if ('error' in spawnSpec) {
      return { type: 'spawn-failed', ...this.#run(effect), step: 'user', errno: spawnSpec.error }
    }
    const answer = this.#host.spawn(spawnSpec)
    // A spawn takes time: it has happened now.
    const run = this.#run(effect)
    if ('pid' in answer) return { type: 'spawned', ...run, pid: answer.pid }
    return { type: 'spawn-failed', ...run, step: answer.step, errno: answer.errno }
  }

  #run({ daemon, run }: Spawn): { daemon: string; run: number; atMs: number } {
    return { daemon, run, atMs: this.#host.now() }
  }

  #nameMembers(daemon: string, run: number): void {
    const pids = this.#host.members(daemon, run)
    if (pids.length > 0) this.say(`${daemon}: cannot end pid ${pids.join(', ')}`)
  }

  #finish({ report, flushMs }: Extract<Effect, { type: 'finish' }>): void {
    const host = this.#host
    const file = `${this.#plan.name}/exit-report.json`
    try {
      const paths = stateFolders(host).map((folder) => `${folder}/${file}`)
      host.writeFileAside(paths, exitReportText(report, host.lost()))
    } finally {
      host.finish(report.code, flushMs)
    }
  }
}
