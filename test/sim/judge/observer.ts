/** Derives the facts from a trace: see facts.ts. */
import type { LiveRun } from '../../../src/core/event.ts'
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import { type Signal, signalName, signalNumbers } from '../../../src/core/signals.ts'
import type { Schedule } from '../world/schedule.ts'
import { type Claim, claimOf } from './claims.ts'
import { ControlRequests } from './control-requests.ts'
import type { Facts, HelperFacts, Request, RunFacts, Sent, When } from './facts.ts'
import type { Call, Moment } from './trace.ts'

export function factsOf(
  schedule: Schedule,
  { trace, bug }: { readonly trace: readonly Moment[]; readonly bug: string | null },
): Facts {
  return new Observer(schedule, trace).facts(bug)
}

type Spawned = Pick<Extract<Moment, { what: 'spawn' }>, 'daemon' | 'run' | 'answer'>

class Observer {
  readonly #schedule: Schedule
  readonly #trace: readonly Moment[]
  readonly #runs: RunFacts[] = []
  readonly #runsOf: Map<string, RunFacts[]> = new Map()
  readonly #requests: Request[] = []
  readonly #controlRequests: ControlRequests
  readonly #claims: (When & Claim)[] = []
  readonly #helpers: Map<string, HelperFacts> = new Map()
  /** The latest run of each daemon and number. */
  readonly #latest: Map<string, RunFacts> = new Map()
  readonly #lines: (When & { text: string })[] = []
  readonly #calls: (When & Call)[] = []
  readonly #selected: readonly string[]
  readonly #specs: ReadonlyMap<string, DaemonSpec>
  #shutdown: When | null = null
  #shutdownAsked: When | null = null
  #boot: When | null = null
  #ordered: When | null = null
  #finish: Facts['finish'] = null
  #exitCode: number | null = null
  #end: When | null = null
  #watchdogFired = false
  #isBroken = false
  /** The time that pitcrew waited for spawns. */
  #spawnMs = 0

  constructor(schedule: Schedule, trace: readonly Moment[]) {
    this.#schedule = schedule
    this.#trace = trace
    this.#selected = selectedOf(schedule)
    this.#specs = new Map(schedule.plan.daemons.map((spec) => [spec.name, spec]))
    this.#controlRequests = new ControlRequests(this.#selected)
  }

  facts(bug: string | null): Facts {
    const { plan, acts } = this.#schedule
    for (const moment of this.#trace) this.#see(moment)
    const pauses = acts.map((act) => (act.type === 'pause' ? act.forMs : 0))
    // After such a pause all timers get an extra second, and the delay of the alarm counts as lost.
    const given = this.#lines.filter(({ text }) => text.startsWith('was paused for '))
    const spawnMs = this.#spawnMs
    const bootIndex = this.#boot?.index ?? Number.POSITIVE_INFINITY
    const specs = plan.daemons.filter(({ name }) => this.#selected.includes(name))
    return {
      plan,
      schedule: this.#schedule,
      specs,
      waves: wavesOf(specs),
      trace: this.#trace,
      runs: this.#runs,
      runsOf: this.#runsOf,
      requests: this.#requests,
      controlRequests: this.#controlRequests.all,
      intruders: this.#controlRequests.intruders,
      helpers: [...this.#helpers.values()],
      claims: this.#claims,
      shutdown: this.#shutdown,
      shutdownRequested: this.#shutdownAsked,
      boot: this.#boot,
      finish: this.#finish,
      exitCode: this.#exitCode,
      end: this.#end,
      watchdogFired: this.#watchdogFired,
      endMs: this.#finish?.atMs ?? this.#trace.at(-1)?.atMs ?? 0,
      isBehind: this.#calls.some(
        ({ index, wakeAtMs, doneAtMs }) => index + 1 >= bootIndex && wakeAtMs <= doneAtMs,
      ),
      isBroken: this.#isBroken,
      isHelpless: this.#calls.some(({ event, failed }) => event.type === 'recover' && failed),
      isSignalLost: this.#lines.some(({ text }) => /cannot perform [A-Z\d]+ to /.test(text)),
      lostMs: sum(pauses) + spawnMs + (1000 + this.#schedule.lateMs) * given.length,
      lateMs: this.#schedule.lateMs + 1,
      spawnMs,
      lines: this.#lines,
      calls: this.#calls,
      bug,
    }
  }

  #see(moment: Moment): void {
    switch (moment.what) {
      case 'call':
        this.#calls.push(moment)
        return this.#receive(moment, moment)
      case 'fault':
        this.#isBroken = true
        return
      case 'spawn':
        this.#spawnMs += moment.tookMs
        if (isHelper(moment.daemon)) return this.#helperSpawned(moment, moment)
        return this.#spawned(moment, moment, true)
      case 'signal':
        return this.#signalled(moment)
      case 'close-output': {
        const run = this.#run(moment)
        if (run !== undefined) run.outputGivenUp ??= moment
        return
      }
      case 'say':
        return this.#line(moment.line, moment)
      case 'finish': {
        const { atMs, index } = this.#ordered ?? moment
        const { code, flushMs } = moment
        this.#finish ??= { code, flushMs, atMs, index, doneMs: moment.atMs }
        return
      }
      case 'report':
        this.#ordered ??= moment
        return
      case 'answer':
        return this.#controlRequests.answered(moment, moment)
      case 'close-client':
      case 'hung-up':
        return this.#controlRequests.closed(moment.client, moment)
      case 'end':
        this.#end = moment
        this.#exitCode = moment.code
        return
      case 'last-word':
        this.#watchdogFired = true
    }
  }

  #signalled(moment: Extract<Moment, { what: 'signal' }>): void {
    const { atMs, index, signal, to, daemon, run: number } = moment
    const isKill = signal === signalNumbers.KILL
    if (isKill && isHelper(daemon)) this.#helpers.get(`${daemon} ${number}`)?.kills.push(moment)
    const run = this.#run(moment)
    if (run === undefined) return
    const sent = { atMs, index, signal, to, inRecovery: this.#inRecovery() }
    run.signals.push(sent)
    if (isStop(run, sent)) run.stopOrdered ??= sent
  }

  #line(line: string, when: When): void {
    const label = `${this.#schedule.plan.label}: `
    const text = line.startsWith(label) ? line.slice(label.length) : line
    this.#lines.push({ atMs: when.atMs, index: when.index, text })
    if (text.includes(': stopping ') && text.includes(', deadline ')) this.#shutdown ??= when
    if (text.startsWith('pitcrew ')) this.#boot ??= when
    if (text.startsWith('internal error')) this.#isBroken = true
    if (isOfClients.test(text)) this.#forgetShutdownRequest()
    const notRun = text.indexOf(':stop: not run: ')
    if (notRun >= 0) this.#stopRan(text.slice(0, notRun), when)
    const claim = claimOf(text, when)
    if (claim === null) return
    this.#claims.push(claim)
    if (claim.what === 'start-failed') this.#notEvenTried(claim, when)
    this.#run(claim)?.claims.push(claim)
  }

  /** The control plane failed: the core may not have got the request of this call. */
  #forgetShutdownRequest(): void {
    const call = this.#calls.at(-1)
    const isByClient = call?.event.type === 'line' && this.#shutdownAsked?.index === call.index
    if (isByClient) this.#shutdownAsked = null
  }

  #spawned({ daemon, run, answer }: Spawned, when: When, wasTried: boolean): void {
    const spec = this.#specs.get(daemon) as DaemonSpec
    const facts: RunFacts = {
      spec,
      run,
      spawned: when,
      wasTried,
      pid: 'pid' in answer ? answer.pid : null,
      failure: 'pid' in answer ? null : answer,
      isSlow: 'pid' in answer && answer.isSlow === true,
      executed: null,
      signals: [],
      stopOrdered: null,
      claims: [],
      exit: null,
      gone: null,
      outputClosed: null,
      outputGivenUp: null,
    }
    this.#runs.push(facts)
    const own = this.#runsOf.get(daemon)
    if (own === undefined) this.#runsOf.set(daemon, [facts])
    else own.push(facts)
    this.#latest.set(`${daemon} ${run}`, facts)
  }

  #helperSpawned({ daemon: name, run, answer }: Spawned, when: When): void {
    const [of = '', kind] = name.split(':')
    this.#helpers.set(`${name} ${run}`, {
      name,
      daemon: this.#specs.get(of) as DaemonSpec,
      kind: kind as HelperFacts['kind'],
      run,
      spawned: when,
      pid: 'pid' in answer ? answer.pid : null,
      kills: [],
      exit: null,
      gone: null,
    })
    if (kind === 'stop') this.#stopRan(of, when)
  }

  /** The stop command was run, or failed to run. */
  #stopRan(daemon: string, { atMs, index }: When): void {
    const run = this.#runsOf.get(daemon)?.at(-1)
    if (run !== undefined) run.stopOrdered ??= { atMs, index, inRecovery: this.#inRecovery() }
  }

  #inRecovery(): boolean {
    return this.#calls.at(-1)?.event.type === 'recover'
  }

  /** "d0: cannot start (run 2): cannot switch to its user …": the host was not called to spawn
   *  it. */
  #notEvenTried({ daemon, run }: Claim, when: When): void {
    if (this.#run({ daemon, run }) !== undefined) return
    const answer = { step: 'user', errno: '' } as const
    this.#spawned({ daemon, run, answer }, when, false)
  }

  /** The latest run of that number. */
  #run({ daemon, run }: { readonly daemon: string; readonly run: number }): RunFacts | undefined {
    return this.#latest.get(`${daemon} ${run}`)
  }

  #helper({
    daemon,
    run,
  }: {
    readonly daemon: string
    readonly run: number
  }): HelperFacts | undefined {
    return this.#helpers.get(`${daemon} ${run}`)
  }

  #receive({ event, failed }: Call, when: When): void {
    if (event.type === 'recover') return this.#recover(event, when)
    if (event.type === 'signal') this.#signal(event, failed, when)
    if (event.type === 'client') this.#controlRequests.connected(event, failed, when)
    if (event.type === 'line') this.#receiveRequest(event, failed, when)
    if (failed) return
    const run = 'run' in event ? (this.#run(event) ?? this.#helper(event)) : undefined
    if (event.type === 'exited' && run !== undefined) {
      const { code, signal, failure } = event
      const exit = failure === undefined ? { code, signal } : { code, signal, failure }
      run.exit ??= { atMs: when.atMs, index: when.index, ...exit }
      if (event.gone) run.gone ??= when
    }
    if (event.type === 'gone' && run !== undefined) run.gone ??= when
    const isEnd = event.type === 'exited' || event.type === 'gone'
    if (isEnd && !event.outputOpen && run !== undefined && 'outputClosed' in run)
      run.outputClosed ??= when
    if (event.type === 'executed' && run !== undefined && 'executed' in run) run.executed ??= when
    if (event.type === 'output-closed' && run !== undefined && 'outputClosed' in run)
      run.outputClosed = when
  }

  #recover(event: Extract<Call['event'], { type: 'recover' }>, when: When): void {
    if (event.shutdownAsked) this.#shutdownAsked ??= when
    for (const live of event.live) {
      const run = this.#run(live) ?? this.#helper(live)
      if (run === undefined) continue
      if ('executed' in run && hasExecuted(run, live)) run.executed ??= when
      if (live.exit === null) continue
      run.exit ??= { atMs: when.atMs, index: when.index, ...live.exit }
      if (live.gone) run.gone ??= when
    }
    for (const run of this.#runs) {
      const isLive = event.live.some(
        (live) => live.daemon === run.spec.name && live.run === run.run,
      )
      if (!isLive && run.pid !== null) run.gone ??= when
    }
  }

  #signal(
    { signal, hangup }: Extract<Call['event'], { type: 'signal' }>,
    isLost: boolean,
    when: When,
  ): void {
    const { TERM, INT } = signalNumbers
    if (hangup || signal === TERM || signal === INT) {
      if (!isLost) this.#shutdownAsked ??= when
      return
    }
    if (this.#isEnding) return
    const by = signalName(signal) as Signal
    const { atMs, index } = when
    for (const daemon of this.#schedule.plan.signals[by]?.restart ?? []) {
      this.#requests.push({ atMs, index, verb: 'restart', daemon, by, isLost })
    }
  }

  get #isEnding(): boolean {
    return this.#shutdown !== null || this.#ordered !== null || this.#finish !== null
  }

  #receiveRequest(
    event: Extract<Call['event'], { type: 'line' }>,
    failed: boolean,
    when: When,
  ): void {
    const { atMs, index } = when
    const isLate = this.#isEnding
    const asked = this.#controlRequests.receive(event, { atMs, index, isLost: failed, isLate })
    if (asked === null || asked.isLate) return
    const { verb, daemon, isLost } = asked
    if (verb === 'shutdown' || daemon === null) {
      if (!isLost) this.#shutdownAsked ??= when
      return
    }
    this.#requests.push({ atMs, index, verb, daemon, by: 'client', isLost })
  }
}

/** A request of a client failed in the control plane. */
const isOfClients = /^internal error in (the control plane|verb "\w+")/

/** Whether a recovery reports that it was executed; for a killed run that is not known. */
function hasExecuted({ isSlow }: RunFacts, live: LiveRun): boolean {
  const { exit } = live
  return isSlow && !live.isSlow && exit?.failure === undefined && (exit?.signal ?? 0) === 0
}

function isHelper(name: string): boolean {
  return name.includes(':')
}

/** A stop command that cannot be run is followed by the stop signal to the tree. */
function isStop({ spec, exit }: RunFacts, { signal, to }: Pick<Sent, 'signal' | 'to'>): boolean {
  if (signalName(signal) !== spec.stop.signal) return false
  return to === 'leader' || (to === 'tree' && spec.stop.command !== null && exit === null)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** The contract, Selection: a comma list, spaces trimmed, unknown names ignored; blank: all. */
function selectedOf({ plan, selected }: Schedule): readonly string[] {
  const names = plan.daemons.map(({ name }) => name)
  if (selected === null || selected.trim() === '') return names
  const wanted = selected.split(',').map((name) => name.trim())
  return names.filter((name) => wanted.includes(name))
}

function wavesOf(specs: readonly DaemonSpec[]): Map<string, number> {
  const waves = new Map<string, number>()
  const waveOf = (name: string): number => {
    const known = waves.get(name)
    if (known !== undefined) return known
    const dependents = specs.filter(({ after }) => after.some((other) => other.daemon === name))
    const wave = Math.max(0, ...dependents.map((dependent) => waveOf(dependent.name) + 1))
    waves.set(name, wave)
    return wave
  }
  for (const { name } of specs) waveOf(name)
  return waves
}
