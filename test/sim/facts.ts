/** What a patient observer knows when a schedule is over: each run's life, each request, the shutdown. Taken from the
 *  trace alone, and by other means than pitcrew's own. */
import type { Exit } from '../../src/core/event.ts'
import type { DaemonSpec, Plan } from '../../src/core/plan.ts'
import type { Signal } from '../../src/core/signals.ts'
import { signalName, signalNumbers } from '../../src/core/signals.ts'
import type { SignalTarget } from '../../src/host/host.ts'
import type { Schedule } from './schedule.ts'
import type { Call, Moment } from './trace.ts'

/** When something happened, and its place in the trace. */
export interface When {
  readonly atMs: number
  readonly index: number
}

export interface Sent extends When {
  readonly signal: number
  readonly to: SignalTarget
  readonly inRecovery: boolean
}

export interface RunFacts {
  readonly spec: DaemonSpec
  readonly run: number
  /** When it was spawned, or told that it could not even be tried. */
  readonly spawned: When
  readonly wasTried: boolean
  readonly pid: number | null
  readonly failure: { readonly step: string; readonly errno: string } | null
  readonly signals: Sent[]
  /** pitcrew was told how the leader ended, and that nothing is left. */
  exit: (When & Exit) | null
  gone: When | null
  outputClosed: When | null
}

export interface Request extends When {
  readonly daemon: string
  readonly by: Signal
  /** pitcrew broke when it came: nobody knows whether it was taken. */
  readonly isLost: boolean
}

export interface Facts {
  readonly plan: Plan
  readonly schedule: Schedule
  /** The selected daemons, in the order of the file. */
  readonly specs: readonly DaemonSpec[]
  readonly trace: readonly Moment[]
  readonly runs: readonly RunFacts[]
  /** For each selected daemon: 0 when nothing is after it, else one more than the most of what is. */
  readonly waves: ReadonlyMap<string, number>
  /** While no shutdown was under way; also of daemons that are not selected. */
  readonly requests: readonly Request[]
  /** pitcrew said that it shuts down. */
  readonly shutdown: When | null
  /** TERM, INT or a hangup came, or it was told in a recovery that one had come. */
  readonly asked: When | null
  /** The first daemon was to be started. */
  readonly boot: When | null
  readonly finish: (When & { readonly code: number; readonly flushMs: number }) | null
  readonly exitCode: number | null
  /** When the end was ordered, or came without that. */
  readonly endMs: number
  /** Events came faster than pitcrew took them up: what was taken in which call is not known. */
  readonly isBehind: boolean
  /** Something was broken on purpose, and it did happen. */
  readonly isBroken: boolean
  /** A recovery broke, too: until the next one pitcrew knows little. */
  readonly isHelpless: boolean
  /** A signal was lost, and pitcrew counts from when it was to be sent. */
  readonly isSignalLost: boolean
  /** What broke by itself. */
  readonly bug: string | null
  /** What pitcrew did not get to do anything in, in milliseconds; and the part of it that went into spawning. */
  readonly lostMs: number
  readonly spawnMs: number
  readonly lines: readonly (When & { readonly text: string })[]
  readonly calls: readonly (When & Call)[]
}

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
  readonly #runs: Map<string, RunFacts> = new Map()
  readonly #requests: Request[] = []
  readonly #lines: (When & { text: string })[] = []
  readonly #calls: (When & Call)[] = []
  readonly #selected: readonly string[]
  #shutdown: When | null = null
  #asked: When | null = null
  #boot: When | null = null
  #finish: Facts['finish'] = null
  #exitCode: number | null = null
  #isBroken = false

  constructor(schedule: Schedule, trace: readonly Moment[]) {
    this.#schedule = schedule
    this.#trace = trace
    this.#selected = selectedOf(schedule)
  }

  facts(): Omit<Facts, 'bug'> {
    const { plan, acts, lives } = this.#schedule
    for (const [index, moment] of this.#trace.entries()) this.#see(moment, index)
    const pauses = acts.map((act) => (act.type === 'pause' ? act.forMs : 0))
    const spawns = [...this.#runs.values()].map(({ spec, run }) => {
      const ofDaemon = lives[spec.name] ?? []
      return ofDaemon[Math.min(run, ofDaemon.length) - 1]?.spawnMs ?? 0
    })
    const spawnMs = sum(spawns)
    const specs = plan.daemons.filter(({ name }) => this.#selected.includes(name))
    return {
      plan,
      schedule: this.#schedule,
      specs,
      waves: wavesOf(specs),
      trace: this.#trace,
      runs: [...this.#runs.values()],
      requests: this.#requests,
      shutdown: this.#shutdown,
      asked: this.#asked,
      boot: this.#boot,
      finish: this.#finish,
      exitCode: this.#exitCode,
      endMs: this.#finish?.atMs ?? this.#trace.at(-1)?.atMs ?? 0,
      isBehind: this.#calls.some(({ wakeAtMs, doneAtMs }) => wakeAtMs <= doneAtMs),
      isBroken: this.#isBroken,
      isHelpless: this.#calls.some(({ event, failed }) => event.type === 'recover' && failed),
      isSignalLost: this.#lines.some(({ text }) => text.includes('cannot perform signal')),
      lostMs: sum(pauses) + spawnMs,
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
        return this.#spawned(moment, when, true)
      case 'signal': {
        const inRecovery = this.#calls.at(-1)?.event.type === 'recover'
        this.#run(moment)?.signals.push({ ...moment, ...when, inRecovery })
        return
      }
      case 'say':
        return this.#line(moment.line, when)
      case 'finish':
        this.#finish ??= { ...moment, ...when }
        return
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
    this.#notEvenTried(text, when)
  }

  #spawned({ daemon, run, answer }: Spawned, when: When, wasTried: boolean): void {
    const spec = this.#schedule.plan.daemons.find(({ name }) => name === daemon) as DaemonSpec
    this.#runs.set(`${daemon} ${run} ${when.index}`, {
      spec,
      run,
      spawned: when,
      wasTried,
      pid: 'pid' in answer ? answer.pid : null,
      failure: 'pid' in answer ? null : answer,
      signals: [],
      exit: null,
      gone: null,
      outputClosed: null,
    })
  }

  /** "d0: cannot start (run 2): cannot become its user …": nobody was asked to spawn it. */
  #notEvenTried(text: string, when: When): void {
    const [daemon = '', rest = ''] = text.split(': cannot start (run ')
    const run = Number(rest.split(')')[0])
    if (rest === '' || this.#run({ daemon, run }) !== undefined) return
    const answer = { step: 'user', errno: '' } as const
    this.#spawned({ daemon, run, answer }, when, false)
  }

  /** The latest run of that number. */
  #run({ daemon, run }: { readonly daemon: string; readonly run: number }): RunFacts | undefined {
    return [...this.#runs.values()].findLast((one) => one.spec.name === daemon && one.run === run)
  }

  #hear({ event, failed }: Call, when: When): void {
    if (event.type === 'recover') return this.#recover(event, when)
    if (event.type === 'signal') this.#signal(event, failed, when)
    if (failed) return
    const run = 'run' in event ? this.#run(event) : undefined
    if (event.type === 'exited' && run !== undefined) {
      run.exit ??= { ...when, code: event.code, signal: event.signal }
      if (event.gone) run.gone ??= when
    }
    if (event.type === 'gone' && run !== undefined) run.gone ??= when
    if (event.type === 'output-closed' && run !== undefined) run.outputClosed = when
  }

  #recover(event: Extract<Call['event'], { type: 'recover' }>, when: When): void {
    if (event.shutdownAsked) this.#asked ??= when
    for (const live of event.live) {
      const run = this.#run(live)
      if (run === undefined || live.exit === null) continue
      run.exit ??= { ...when, ...live.exit }
      if (live.gone) run.gone ??= when
    }
    for (const run of this.#runs.values()) {
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
      if (!isLost) this.#asked ??= when
      return
    }
    if (this.#shutdown !== null || this.#finish !== null) return
    const by = signalName(signal) as Signal
    for (const daemon of this.#schedule.plan.signals[by]?.restart ?? []) {
      this.#requests.push({ ...when, daemon, by, isLost })
    }
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
    const dependents = specs.filter(({ after }) => after.includes(name))
    const wave = Math.max(0, ...dependents.map((dependent) => waveOf(dependent.name) + 1))
    waves.set(name, wave)
    return wave
  }
  for (const { name } of specs) waveOf(name)
  return waves
}

/** How many processes of a run are alive at a place of the trace, as the kernel knows. */
export function aliveAt({ trace }: Facts, { spec, run, pid }: RunFacts, index: number): number {
  let alive = pid === null ? 0 : 1
  for (let at = 0; at < index; at++) {
    const moment = trace[at]
    if (moment?.what !== 'born' && moment?.what !== 'ended') continue
    if (moment.daemon === spec.name && moment.run === run) alive += moment.what === 'born' ? 1 : -1
  }
  return alive
}
