/** Plays a change of the bundle against the core: its requests are steps of the core, and what the
 *  core answers is given back. The processes are those of a world in which each daemon starts, and
 *  ends on request, unless the story says otherwise. */
import type { Daemon } from '../../../src/core/daemon/phases.ts'
import type { Effect } from '../../../src/core/effect.ts'
import { BundleChange } from '../../../src/core/operations/bundle-change.ts'
import type { BundleReport } from '../../../src/core/operations/bundle-report.ts'
import { diffPlan } from '../../../src/core/plan/diff-plan.ts'
import type { Plan } from '../../../src/core/plan/plan.ts'
import { replacePlan } from '../../../src/core/supervisor/replan.ts'
import { type Beat, exited, spawned, spawnFailed, type TimelessEvent } from '../events.ts'
import { type Game, up } from '../story.ts'

/** What becomes of a run, by its program; the default is a daemon that runs until it is stopped. */
export type World = Readonly<Record<string, 'cannot start' | 'dies' | 'succeeds' | 'never stops'>>

export class BundleStory {
  readonly game: Game
  readonly change: BundleChange
  /** What it did, in order: "stop web", "spawn web 2", "plan in force". */
  readonly lines: string[] = []
  readonly #world: World
  /** The change waits for its timer. */
  #isArmed = false
  #pid = 100
  #token = 0
  readonly #daemonOf: Map<number, string> = new Map()
  readonly #interventions: Map<string, Beat>

  /** @param interventions What another client requests just after a line. */
  constructor(
    old: Plan | Game,
    next: Plan,
    world: World = {},
    interventions: Readonly<Record<string, Beat>> = {},
  ) {
    this.game = 'daemons' in old ? up(old) : old
    this.game.state.replacePlan = replacePlan
    this.#world = world
    this.#interventions = new Map(Object.entries(interventions))
    this.change = new BundleChange(this.game.state, next, diffPlan(this.game.state.plan, next))
  }

  /** To its end, with all timers. */
  run(isDry = false): this {
    this.change.begin(isDry)
    this.#perform()
    for (let times = 0; this.change.report.step !== 'over' && times < 50; times++) {
      if (!this.#isArmed) throw new Error(`it waits for nothing while ${this.change.report.step}`)
      this.#isArmed = false
      this.lines.push('time passes')
      this.change.elapsed()
      this.#perform()
    }
    return this
  }

  /** How it ended, and each daemon's outcome. */
  get end(): readonly string[] {
    const { result, words, daemons } = this.change.report
    const ended = words === '' ? String(result) : `${result}: ${words}`
    return [ended, ...daemons.map(({ name, outcome }) => `${name}: ${outcome}`)]
  }

  get report(): BundleReport {
    return this.change.report
  }

  /** Each daemon: "web 1" = its first run is alive; "web -" = it has none. */
  get alive(): string {
    const words = [...this.game.state.daemons.values()].map(aliveWords)
    return words.join(', ')
  }

  #perform(): void {
    for (const effect of this.change.takeEffects()) {
      switch (effect.type) {
        case 'request': {
          const { verb, daemon } = effect
          this.#say(`${verb} ${daemon}`)
          const by = { kind: 'client', uid: 0, pid: 1, daemon: null } as const
          const token = ++this.#token
          this.#daemonOf.set(token, daemon)
          this.#play({ type: 'request', verb, daemon, by, why: '', token })
          break
        }
        case 'replan':
          this.#play({ type: 'replan', plan: effect.plan, restarts: effect.restarts })
          break
        case 'arm':
          this.#isArmed = true
          break
        case 'disarm':
          this.#isArmed = false
          break
        case 'end':
          this.lines.push('end')
      }
    }
  }

  #say(line: string): void {
    this.lines.push(line)
    const beat = this.#interventions.get(line)
    this.#interventions.delete(line)
    if (beat !== undefined) this.#play(beat)
  }

  #play(beat: Beat): void {
    this.game.play(beat)
    for (const effect of [...this.game.effects]) this.#follow(effect)
    this.#perform()
  }

  #follow(effect: Effect): void {
    switch (effect.type) {
      case 'accepted':
        return this.change.requested(this.#daemonOf.get(effect.token) ?? '', effect.ticket.id)
      case 'replanned':
        this.#say(effect.problem === null ? 'plan in force' : `refused: ${effect.problem}`)
        return this.change.replanned(effect.problem)
      case 'report': {
        const { note } = effect
        if (note.kind === 'ticket') this.change.ended(note.ticket)
        if (note.kind === 'died') this.change.died(note.daemon, `exit code ${note.code}`)
        return
      }
      case 'spawn':
        this.#say(`spawn ${effect.daemon} ${effect.run}`)
        return this.#spawn(effect.daemon, effect.run)
      case 'signal': {
        const { daemon, run, signal } = effect
        if (this.#ofProgram(daemon) === 'never stops' && signal !== 'KILL') return
        return this.#play(exited(daemon, run, signal))
      }
    }
  }

  #spawn(daemon: string, run: number): void {
    const fate = this.#ofProgram(daemon)
    const event: TimelessEvent =
      fate === 'cannot start' ? spawnFailed(daemon, run) : spawned(daemon, run, ++this.#pid)
    this.#play(event)
    if (fate === 'dies') this.#play(exited(daemon, run, 3))
    if (fate === 'succeeds') this.#play(exited(daemon, run, 0))
  }

  #ofProgram(daemon: string): World[string] | undefined {
    return this.#world[this.game.daemon(daemon).spec.command[0] ?? '']
  }
}

function aliveWords(daemon: Daemon): string {
  return `${daemon.spec.name} ${'pid' in daemon ? daemon.run : '-'}`
}
