/** Does what the core decided: one effect, a host call or two, and what came of it as the next
 *  event. */
import type { Effect } from '../core/effect.ts'
import type { Event, Started } from '../core/event.ts'
import type { DaemonSpec, Plan } from '../core/plan.ts'
import { signalNumbers } from '../core/signals.ts'
import type { Host } from '../host/host.ts'
import { Commands } from './commands.ts'
import type { ControlLink, Told } from './control.ts'
import { type Environment, environmentFor } from './environment.ts'
import { exitReportText } from './exit-report.ts'
import { type Helper, Helpers } from './helpers.ts'
import { lastWriteMs } from './journal.ts'
import { OuterService } from './outer-service.ts'
import { Probes } from './probes.ts'
import { helperOf, spawnSpecOf } from './spawn-spec.ts'
import { explained } from './start-failure.ts'
import type { Tasks } from './tasks.ts'
import type { Timers } from './timers.ts'
import { unattributedText } from './unattributed.ts'
import type { Voice } from './voice.ts'

type Spawn = Extract<Effect, { type: 'spawn' }>
type Finish = Extract<Effect, { type: 'finish' }>

export class Performer {
  readonly #host: Host
  readonly #plan: Plan
  readonly #specs: ReadonlyMap<string, DaemonSpec>
  readonly #environment: Environment
  readonly #tasks: Tasks
  readonly #timers: Timers
  readonly #voice: Voice
  readonly #control: ControlLink
  readonly #commands: Commands
  /** How it ends; null: not yet. */
  #report: Finish['report'] | null = null
  /** As the report that was written says. */
  #lostBytes = 0
  readonly outer: OuterService
  readonly helpers: Helpers
  readonly probes: Probes

  /** @param plan The whole plan: claims of daemons that were not selected count, too.
   *  @param tell Takes what comes of probes and commands, some time later. */
  constructor(
    host: Host,
    plan: Plan,
    tasks: Tasks,
    timers: Timers,
    voice: Voice,
    control: ControlLink,
    tell: (event: Told) => void,
  ) {
    this.#host = host
    this.#plan = plan
    this.#voice = voice
    this.#control = control
    const specs = new Map<string, DaemonSpec>()
    for (const spec of plan.daemons) specs.set(spec.name, spec)
    this.#specs = specs
    this.#environment = environmentFor(host.envNames(), plan.daemons)
    this.#tasks = tasks
    this.#timers = timers
    this.outer = new OuterService(host, timers)
    this.helpers = new Helpers(host, timers)
    const say = (text: string): void => voice.say(text)
    this.#commands = new Commands(host, this.helpers, voice.deaths, say, tell)
    this.probes = new Probes(
      host,
      tasks,
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
        host.stop(effect.daemon, effect.run, signalNumbers[effect.signal], effect.to)
        return null
      case 'forward':
        host.signal(effect.daemon, effect.run, signalNumbers[effect.signal], 'leader')
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
        if (effect.state === 'STOPPING=1') host.startLastWord()
        host.notify(effect.state)
        return null
      case 'report':
        this.#voice.note(effect.note)
        if (effect.note.kind === 'ticket') this.#control.ended(effect.note.ticket)
        return null
      case 'accepted':
        this.#control.accepted(effect)
        return null
      case 'finish':
        this.#finish(effect)
        return null
    }
  }

  /** What an effect that could not be performed means for the core. */
  failed(effect: Effect, problem: string): Event | null {
    this.#voice.say(`internal error: cannot perform ${effect.type}: ${problem}`)
    if (isAnswer(effect)) this.#control.drop()
    if (effect.type === 'run-command' && effect.about === null)
      return stopCommandFailed(effect, this.#host.now())
    if (effect.type !== 'spawn') return null
    // It may have failed behind the spawn, and two runs at once would be worse than any failure.
    const live = this.#host
      .live()
      .find(({ daemon, run }) => daemon === effect.daemon && run === effect.run)
    if (live !== undefined) return { type: 'spawned', ...this.#run(effect), ...startedOf(live) }
    return { type: 'spawn-failed', ...this.#run(effect), step: 'internal', errno: problem }
  }

  #spawn(effect: Spawn): Event {
    const spec = this.#specs.get(effect.daemon) as DaemonSpec
    const answer = this.#host.spawn(spawnSpecOf(this.#environment, spec, effect.run))
    // A spawn takes time: it has happened now.
    const run = this.#run(effect)
    if ('pid' in answer) return { type: 'spawned', ...run, ...startedOf(answer) }
    return { type: 'spawn-failed', ...run, ...explained(answer, spec) }
  }

  /** The end of a run whose command was never executed gets its reason. */
  explain(event: Event): Event {
    if (event.type !== 'exited' || event.failure === undefined) return event
    const spec = this.#specs.get(event.daemon) as DaemonSpec
    return { ...event, failure: explained(event.failure, spec) }
  }

  #run({ daemon, run }: Spawn): { daemon: string; run: number; atMs: number } {
    return { daemon, run, atMs: this.#host.now() }
  }

  nameUnattributed(pids: readonly number[]): void {
    this.#voice.say(unattributedText(this.#host, pids))
  }

  #nameMembers(daemon: string, run: number): void {
    const pids = this.#host.members(daemon, run)
    if (pids.length > 0) this.#voice.say(`${daemon}: cannot end pid ${pids.join(', ')}`)
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
  ): Helper {
    return helperOf(this.#environment, spec, command, stdio, more)
  }

  #finish({ report, flushMs }: Finish): void {
    this.#report = report
    this.#host.startLastWord()
    try {
      this.#voice.journal.finish()
      this.#writeReport(report)
    } finally {
      this.#commands.finish(report.code, flushMs)
    }
  }

  /** All output is out, or given up: what was lost is known. Clients are answered last. */
  flushed(): void {
    const report = this.#report
    if (report === null) return
    this.#control.finishing(report.code)
    if (this.#host.lost().bytes !== this.#lostBytes) this.#writeReport(report)
  }

  #writeReport(report: Finish['report']): void {
    const host = this.#host
    const file = `${this.#plan.name}/exit-report.json`
    const { journal, deaths } = this.#voice
    const paths = journal.folders.map((folder) => `${folder}/${file}`)
    const lost = host.lost()
    this.#lostBytes = lost.bytes
    const text = exitReportText(report, host.wallMs(), lost, deaths.last)
    this.#tasks.start({ write: paths, text, timeoutMs: lastWriteMs }, () => {})
  }
}

function startedOf({ pid, isSlow }: Started): Started {
  return isSlow ? { pid, isSlow } : { pid }
}

/** As if it had been run and had failed: the stop signal follows at once. */
function stopCommandFailed(
  { daemon, run }: Extract<Effect, { type: 'run-command' }>,
  atMs: number,
): Event {
  return { type: 'elapsed', timer: { kind: 'half', daemon, run }, atMs }
}

/** Somebody waits for it, and it does not come again. */
function isAnswer(effect: Effect): boolean {
  return effect.type === 'accepted' || (effect.type === 'report' && effect.note.kind === 'ticket')
}
