/** Does what the core decided: one effect, a host call or two, and what came of it as the next
 *  event. */
import type { Effect, Note } from '../core/effect.ts'
import type { Event } from '../core/event.ts'
import type { DaemonSpec, Plan } from '../core/plan.ts'
import { signalNumbers } from '../core/signals.ts'
import type { Host } from '../host/host.ts'
import { stateFolders } from '../host/places.ts'
import { Commands } from './commands.ts'
import { Deaths } from './deaths.ts'
import { type Environment, environmentFor } from './environment.ts'
import { exitReportText } from './exit-report.ts'
import { type Helper, Helpers } from './helpers.ts'
import { Probes } from './probes.ts'
import { wordsOf } from './report.ts'
import { helperOf, spawnSpecOf } from './spawn-spec.ts'
import type { Timers } from './timers.ts'

type Spawn = Extract<Effect, { type: 'spawn' }>

/** An event that has happened now. */
type Told = Event extends infer E ? (E extends unknown ? Omit<E, 'atMs'> : never) : never

export class Performer {
  readonly #host: Host
  readonly #plan: Plan
  readonly #specs: ReadonlyMap<string, DaemonSpec>
  readonly #environment: Environment
  readonly #timers: Timers
  readonly #deaths: Deaths
  readonly #commands: Commands
  readonly helpers: Helpers
  readonly probes: Probes

  /** @param plan The whole plan: claims of daemons that were not selected count, too.
   *  @param tell Takes what comes of probes and commands, some time later. */
  constructor(host: Host, plan: Plan, timers: Timers, tell: (event: Told) => void) {
    this.#host = host
    this.#plan = plan
    const specs = new Map<string, DaemonSpec>()
    for (const spec of plan.daemons) specs.set(spec.name, spec)
    this.#specs = specs
    this.#environment = environmentFor(host.envNames(), plan.daemons)
    this.#timers = timers
    this.#deaths = new Deaths(host)
    this.helpers = new Helpers(host, timers)
    this.#commands = new Commands(host, this.helpers, this.#deaths, (text) => this.say(text), tell)
    this.probes = new Probes(
      host,
      timers,
      this.helpers,
      (spec, command) => this.#helper(spec, command, 'null', []),
      tell,
    )
    host.envHide(this.#environment.claimed)
  }

  spec(name: string): DaemonSpec | undefined {
    return this.#specs.get(name)
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
      case 'watch':
        this.probes.watch(this.#specs.get(effect.daemon) as DaemonSpec, effect.run, effect.for)
        return null
      case 'unwatch':
        this.probes.unwatch(effect.daemon)
        return null
      case 'run-command':
        this.#runCommand(effect)
        return null
      case 'end-command':
        this.#commands.endStop(effect.daemon)
        return null
      case 'announce':
        host.notify(effect.state)
        return null
      case 'report':
        this.say(this.#wordsOf(effect.note))
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

  #wordsOf(note: Note): string {
    switch (note.kind) {
      case 'died':
      case 'unfit':
      case 'start-failed':
        return this.#deaths.tell(note)
      default:
        return wordsOf(note)
    }
  }

  #runCommand(effect: Extract<Effect, { type: 'run-command' }>): void {
    const spec = this.#specs.get(effect.daemon) as DaemonSpec
    this.#commands.run(effect, spec, (command, env) => this.#helper(spec, command, 'pump', env))
  }

  #helper(
    spec: DaemonSpec,
    command: Helper['command'],
    stdio: Helper['stdio'],
    more: readonly string[],
  ): Helper | null {
    const helper = helperOf(this.#host, this.#environment, spec, command, stdio, more)
    return 'error' in helper ? null : helper
  }

  #finish({ report, flushMs }: Extract<Effect, { type: 'finish' }>): void {
    const host = this.#host
    const file = `${this.#plan.name}/exit-report.json`
    try {
      const paths = stateFolders(host).map((folder) => `${folder}/${file}`)
      host.writeFileAside(paths, exitReportText(report, host.lost(), this.#deaths.last))
    } finally {
      this.#commands.finish(report.code, flushMs)
    }
  }
}
