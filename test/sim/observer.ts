/** Reads the facts off a trace: see facts.ts. */
import type { DaemonSpec } from '../../src/core/plan.ts'
import { type Signal, signalName, signalNumbers } from '../../src/core/signals.ts'
import { Asking } from './asking.ts'
import { type Claim, claimOf } from './claims.ts'
import type { Facts, HelperFacts, Request, RunFacts, When } from './facts.ts'
import type { Schedule } from './schedule.ts'
import type { Call, Moment } from './trace.ts'

export function factsOf(
  schedule: Schedule,
  { trace, bug }: { readonly trace: readonly Moment[]; readonly bug: string | null },
): Facts {
  return { ...new Observer(schedule, trace).facts(), bug }
}

type Spawned = Pick<Extract<Moment, { what: 'spawn' }>, 'daemon' | 'run' | 'answer'>

class Observer {
  readonly #schedule: Schedule
  readonly #trace: readonly Moment[]
  readonly #runs: RunFacts[] = []
  readonly #requests: Request[] = []
  readonly #asking: Asking
  readonly #claims: (When & Claim)[] = []
  readonly #helpers: Map<string, HelperFacts> = new Map()
  /** The latest of each number. */
  readonly #latest: Map<string, RunFacts> = new Map()
  readonly #lines: (When & { text: string })[] = []
  readonly #calls: (When & Call)[] = []
  readonly #selected: readonly string[]
  #shutdown: When | null = null
  #shutdownAsked: When | null = null
  #boot: When | null = null
  #ordered: When | null = null
  #finish: Facts['finish'] = null
  #exitCode: number | null = null
  #isBroken = false

  constructor(schedule: Schedule, trace: readonly Moment[]) {
    this.#schedule = schedule
    this.#trace = trace
    this.#selected = selectedOf(schedule)
    this.#asking = new Asking(this.#selected)
  }

  facts(): Omit<Facts, 'bug'> {
    const { plan, acts } = this.#schedule
    for (const [index, moment] of this.#trace.entries()) this.#see(moment, index)
    const pauses = acts.map((act) => (act.type === 'pause' ? act.forMs : 0))
    // Everybody has a second more then.
    const given = this.#lines.filter(({ text }) => text.startsWith('was not running for '))
    const spawnMs = this.#spawnMs()
    const bootIndex = this.#boot?.index ?? Number.POSITIVE_INFINITY
    const specs = plan.daemons.filter(({ name }) => this.#selected.includes(name))
    return {
      plan,
      schedule: this.#schedule,
      specs,
      waves: wavesOf(specs),
      trace: this.#trace,
      runs: this.#runs,
      requests: this.#requests,
      asks: this.#asking.all,
      helpers: [...this.#helpers.values()],
      claims: this.#claims,
      shutdown: this.#shutdown,
      asked: this.#shutdownAsked,
      boot: this.#boot,
      finish: this.#finish,
      exitCode: this.#exitCode,
      endMs: this.#finish?.atMs ?? this.#trace.at(-1)?.atMs ?? 0,
      isBehind: this.#calls.some(
        ({ index, wakeAtMs, doneAtMs }) => index + 1 >= bootIndex && wakeAtMs <= doneAtMs,
      ),
      isBroken: this.#isBroken,
      isHelpless: this.#calls.some(({ event, failed }) => event.type === 'recover' && failed),
      isSignalLost: this.#lines.some(({ text }) => text.includes('cannot perform signal')),
      lostMs: sum(pauses) + spawnMs + 1000 * given.length,
      lateMs: this.#schedule.lateMs + 1,
      spawnMs,
      lines: this.#lines,
      calls: this.#calls,
    }
  }

  #see(moment: Moment, index: number): void {
    const when = { atMs: moment.atMs, index }
    switch (moment.what) {
      case 'call':
        this.#calls.push({ ...moment, ...when })
        return this.#hear(moment, when)
      case 'fault':
        this.#isBroken = true
        return
      case 'spawn':
        if (moment.daemon.includes(':')) return this.#helperSpawned(moment, when)
        return this.#spawned(moment, when, true)
      case 'signal': {
        const sent = { ...moment, ...when, inRecovery: this.#inRecovery() }
        const run = this.#run(moment)
        run?.signals.push(sent)
        const isStop = signalName(sent.signal) === run?.spec.stop.signal && sent.to === 'leader'
        if (run !== undefined && isStop) run.asked ??= sent
        const isKill = sent.signal === signalNumbers.KILL
        if (isKill) this.#helpers.get(`${sent.daemon} ${sent.run}`)?.kills.push(when)
        return
      }
      case 'say':
        return this.#line(moment.line, when)
      case 'finish':
        this.#finish ??= { ...moment, ...(this.#ordered ?? when), doneMs: when.atMs }
        return
      case 'report':
        this.#ordered ??= when
        return
      case 'answer':
        return this.#asking.answered(moment, when)
      case 'close-client':
        return this.#asking.closed(moment.client, when)
      case 'end':
        this.#exitCode = moment.code
    }
  }

  #line(line: string, when: When): void {
    const label = `${this.#schedule.plan.label}: `
    const text = line.startsWith(label) ? line.slice(label.length) : line
    this.#lines.push({ ...when, text })
    if (text.includes(': stopping ') && text.includes(', deadline ')) this.#shutdown ??= when
    if (text.startsWith('pitcrew ')) this.#boot ??= when
    if (text.startsWith('internal error')) this.#isBroken = true
    const stopped = text.split(':stop: not run: ')[0] as string
    if (stopped !== text) this.#stopRan(stopped, when)
    const claim = claimOf(text)
    if (claim === null) return
    this.#claims.push({ ...claim, ...when })
    if (claim.what === 'start-failed') this.#notEvenTried(claim, when)
    this.#run(claim)?.claims.push({ ...claim, ...when })
  }

  #spawned({ daemon, run, answer }: Spawned, when: When, wasTried: boolean): void {
    const spec = this.#schedule.plan.daemons.find(({ name }) => name === daemon) as DaemonSpec
    const facts: RunFacts = {
      spec,
      run,
      spawned: when,
      wasTried,
      pid: 'pid' in answer ? answer.pid : null,
      failure: 'pid' in answer ? null : answer,
      signals: [],
      asked: null,
      claims: [],
      exit: null,
      gone: null,
      outputClosed: null,
    }
    this.#runs.push(facts)
    this.#latest.set(`${daemon} ${run}`, facts)
  }

  #helperSpawned({ daemon: name, run, answer }: Spawned, when: When): void {
    const [of = '', kind] = name.split(':')
    this.#helpers.set(`${name} ${run}`, {
      name,
      daemon: this.#schedule.plan.daemons.find((one) => one.name === of) as DaemonSpec,
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

  /** The stop command was run, or was to be. */
  #stopRan(daemon: string, when: When): void {
    const run = this.#runs.findLast(({ spec }) => spec.name === daemon)
    if (run !== undefined) run.asked ??= { ...when, inRecovery: this.#inRecovery() }
  }

  #inRecovery(): boolean {
    return this.#calls.at(-1)?.event.type === 'recover'
  }

  /** "d0: cannot start (run 2): cannot become its user …": nobody was asked to spawn it. */
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

  /** What pitcrew waited for in spawns. */
  #spawnMs(): number {
    const { lives } = this.#schedule
    const count = new Map<string, number>()
    let total = 0
    for (const moment of this.#trace) {
      if (moment.what !== 'spawn') continue
      const { daemon, run } = moment
      const times = (count.get(daemon) ?? 0) + 1
      count.set(daemon, times)
      const own = lives[daemon] ?? []
      total += own[Math.min(daemon.includes(':') ? times : run, own.length) - 1]?.spawnMs ?? 0
    }
    return total
  }

  #hear({ event, failed }: Call, when: When): void {
    if (event.type === 'recover') return this.#recover(event, when)
    if (event.type === 'signal') this.#signal(event, failed, when)
    if (event.type === 'line') this.#asked(event, failed, when)
    if (event.type === 'client-gone') this.#asking.closed(event.client, when)
    if (failed) return
    const run = 'run' in event ? (this.#run(event) ?? this.#helper(event)) : undefined
    if (event.type === 'exited' && run !== undefined) {
      run.exit ??= { ...when, code: event.code, signal: event.signal }
      if (event.gone) run.gone ??= when
    }
    if (event.type === 'gone' && run !== undefined) run.gone ??= when
    if (event.type === 'output-closed' && run !== undefined && 'outputClosed' in run)
      run.outputClosed = when
  }

  #recover(event: Extract<Call['event'], { type: 'recover' }>, when: When): void {
    if (event.shutdownAsked) this.#shutdownAsked ??= when
    for (const live of event.live) {
      const run = this.#run(live) ?? this.#helper(live)
      if (run === undefined || live.exit === null) continue
      run.exit ??= { ...when, ...live.exit }
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
    for (const daemon of this.#schedule.plan.signals[by]?.restart ?? []) {
      this.#requests.push({ ...when, verb: 'restart', daemon, by, isLost })
    }
  }

  get #isEnding(): boolean {
    return this.#shutdown !== null || this.#ordered !== null || this.#finish !== null
  }

  #asked(event: Extract<Call['event'], { type: 'line' }>, failed: boolean, when: When): void {
    const asked = this.#asking.asked(event, { ...when, isLost: failed, isLate: this.#isEnding })
    if (asked === null || asked.isLate) return
    const { verb, daemon, isLost } = asked
    if (verb === 'shutdown' || daemon === null) {
      if (!isLost) this.#shutdownAsked ??= when
      return
    }
    this.#requests.push({ ...when, verb, daemon, by: 'client', isLost })
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** The contract's words: a comma list, spaces trimmed, unknown names ignored; blank = all. */
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
