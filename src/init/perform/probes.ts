/** Probes of daemons: of readiness and health, and after a change of a configuration file. A watch
 *  has at most one probe in progress; the next one follows an interval after its end, and each has
 *  a timeout. The host itself probes an address. A helper probes a path, since its disk may hang.
 */
import { type DaemonSpec, isSelfReported, type Probe } from '../../core/plan/plan.ts'
import type { HelperTask } from '../../host/helper.ts'
import type { Host, HostEvent, ProbeSpec } from '../../host/host.ts'
import type { Errno } from '../../host/system.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { InitTimer, Timers } from '../loop/timers.ts'
import type { CommandEnd, CommandRuns } from './command-runs.ts'
import type { CommandFor } from './spawn-spec.ts'

/** The timeout of a single probe of readiness or of a verification, in milliseconds. Their own
 *  timeouts limit all of them together. */
const readyTimeoutMs = 5000
/** From the end of one probe of a verification to the next, in milliseconds. */
const verifyIntervalMs = 200
const userAgent = 'pitcrew'

/** Why a probe failed. */
export type ProbeProblem = Readonly<
  /** It could not be started, no connection was accepted, or the path does not exist. */
  | { kind: 'errno'; errno: Errno }
  /** The first line of the response, which is not a success. */
  | { kind: 'response'; line: string }
  | { kind: 'command'; end: CommandEnd }
  /** The command could not be started, and why. */
  | { kind: 'not-run'; why: string }
  | { kind: 'timed-out' }
  /** No helper or command could be started for it, for as long as a probe may take. */
  | { kind: 'blocked' }
>

/** Takes the result of a verification or a request: null = success. */
export type TakeProblem = (problem: ProbeProblem | null) => void

/** `ready`, `alive`: until the run is ready, or not alive. `verify`: until one probe succeeds or the
 *  time is over. `reload`: one POST. */
type Purpose = 'ready' | 'alive' | 'verify' | 'reload'

interface Watch {
  readonly spec: DaemonSpec
  readonly run: number
  readonly for: Purpose
  readonly probe: Probe
  readonly intervalMs: number
  /** Of one probe. */
  readonly timeoutMs: number
  /** When a verification is over, in the time of `Host.now()`; Infinity for other watches. */
  readonly untilMs: number
  /** Takes the result of a verification or a request. */
  readonly take: TakeProblem
  /** Failed probes in a row. */
  failures: number
  /** The host's id of the probe in progress; 0 = none. */
  id: number
  /** The id of the task of the probe in progress; 0 = none. */
  task: number
  /** Since when no probe could be started; Infinity = the last one could. */
  blockedSinceMs: number
}

type Result = UntimedEvent<'ready' | 'unhealthy'>

export class Probes {
  readonly #host: Host
  readonly #tasks: Tasks
  readonly #timers: Timers
  readonly #commandRuns: CommandRuns
  readonly #commandFor: CommandFor
  readonly #dispatch: (event: Result) => void
  readonly #watches: Map<string, Watch> = new Map()
  readonly #byId: Map<number, Watch> = new Map()
  #ids = 0

  /** @param dispatch Takes the results: a run is ready, or it is not alive. */
  constructor(
    host: Host,
    tasks: Tasks,
    timers: Timers,
    runs: CommandRuns,
    commandFor: CommandFor,
    dispatch: (event: Result) => void,
  ) {
    this.#host = host
    this.#tasks = tasks
    this.#timers = timers
    this.#commandRuns = runs
    this.#commandFor = commandFor
    this.#dispatch = dispatch
  }

  /** Starts probing a run. Replaces earlier probes of the daemon. */
  watch(spec: DaemonSpec, run: number, what: 'ready' | 'alive'): void {
    this.unwatch(spec.name)
    const watch = watchFor(spec, run, what)
    if (watch === null) return
    this.#watches.set(keyOf(watch), watch)
    // Wait before the first probe: hardly any daemon is ready at once.
    this.#schedule(watch, what === 'ready' ? Math.min(watch.intervalMs, 10) : watch.intervalMs)
  }

  /** Probes until a probe succeeds, or until this time. Beside `watch`, of which it is independent.
   *  @param firstMs When the first probe is due; like `untilMs` in the time of `Host.now()`.
   *  @param take    Gets the result in a later call, once: that of the last probe. */
  verify(
    spec: DaemonSpec,
    run: number,
    probe: Probe,
    firstMs: number,
    untilMs: number,
    take: TakeProblem,
  ): void {
    const times = { intervalMs: verifyIntervalMs, timeoutMs: readyTimeoutMs, untilMs }
    this.#begin({ ...fresh, spec, run, for: 'verify', probe, ...times, take }, firstMs)
  }

  /** Sends a POST request without content, once. @param take Gets the result in a later call. */
  post(
    spec: DaemonSpec,
    run: number,
    target: Extract<Probe, { type: 'http' }>,
    timeoutMs: number,
    take: TakeProblem,
  ): void {
    this.#begin({ ...fresh, spec, run, for: 'reload', probe: target, timeoutMs, take }, 0)
  }

  #begin(watch: Watch, firstMs: number): void {
    this.unwatch(keyOf(watch))
    this.#watches.set(keyOf(watch), watch)
    this.#schedule(watch, Math.max(0, firstMs - this.#host.now()))
  }

  /** Ends `verify` and `post` of a daemon: their result is not reported. */
  abandon(name: string): void {
    this.unwatch(`${name}:verify`)
    this.unwatch(`${name}:reload`)
  }

  unwatch(name: string): void {
    const watch = this.#watches.get(name)
    if (watch === undefined) return
    this.#cancelProbe(watch)
    this.#watches.delete(name)
  }

  /** After a failure inside pitcrew: the core emits `watch` again for each run to be probed. */
  forgetAll(): void {
    for (const name of this.#watches.keys()) this.unwatch(name)
  }

  /** To be called when a timer of a probe has elapsed. A timer of an old run is ignored. */
  elapsed({ kind, daemon, run }: Extract<InitTimer, { kind: 'probe' | 'probe-timeout' }>): void {
    const watch = this.#watches.get(daemon)
    if (watch?.run !== run) return
    if (kind === 'probe') return this.#probe(watch)
    this.#cancelProbe(watch)
    this.#takeResult(watch, { kind: 'timed-out' })
  }

  probed({ id, errno, text }: Extract<HostEvent, { type: 'probed' }>): void {
    const watch = this.#byId.get(id)
    if (watch === undefined) return
    this.#byId.delete(id)
    watch.id = 0
    if (errno !== null) return this.#takeResult(watch, { kind: 'errno', errno })
    const isGood = watch.probe.type !== 'http' || isSuccess(text)
    this.#takeResult(watch, isGood ? null : { kind: 'response', line: text })
  }

  #probe(watch: Watch): void {
    const { probe, spec } = watch
    if (probe.type === 'command') return this.#probeByCommand(watch, probe.command)
    const timeoutMs = this.#timeoutMs(watch)
    if (probe.type === 'file') {
      return this.#probeByTask(watch, { exists: resolvePath(probe.path, spec), timeoutMs })
    }
    if (probe.type === 'unix' && !probe.path.startsWith('@')) {
      return this.#probeByTask(watch, { connect: probe.path, timeoutMs })
    }
    const id = ++this.#ids
    const errno = this.#host.probe(id, probeSpec(probe, watch.for === 'reload'))
    if (errno !== null) return this.#takeResult(watch, { kind: 'errno', errno })
    watch.id = id
    this.#byId.set(id, watch)
    const timer = { kind: 'probe-timeout', daemon: keyOf(watch), run: watch.run } as const
    this.#timers.arm(timer, this.#host.now() + timeoutMs)
  }

  /** A probe of a verification ends with it. */
  #timeoutMs({ timeoutMs, untilMs }: Watch): number {
    if (untilMs === Number.POSITIVE_INFINITY) return timeoutMs
    return Math.max(1, Math.min(timeoutMs, untilMs - this.#host.now()))
  }

  #probeByTask(watch: Watch, task: HelperTask): void {
    const started = this.#tasks.start(task, ({ errno }) => {
      watch.task = 0
      this.#takeResult(watch, errno === null ? null : { kind: 'errno', errno })
    })
    // No room for another task says nothing about the daemon; any other refusal does.
    if (started === 'EBUSY' || started === 'EAGAIN') return this.#postpone(watch)
    watch.blockedSinceMs = Number.POSITIVE_INFINITY
    if (typeof started === 'string') {
      return this.#takeResult(watch, { kind: 'errno', errno: started })
    }
    watch.task = started
  }

  #probeByCommand(watch: Watch, command: readonly string[]): void {
    const serviceCommand = this.#commandFor(watch.spec, command, 'null', [])
    const name = commandName(watch)
    if (this.#commandRuns.isRunning(name)) return this.#postpone(watch)
    watch.blockedSinceMs = Number.POSITIVE_INFINITY
    const timeoutMs = this.#timeoutMs(watch)
    const why = this.#commandRuns.start(name, serviceCommand, timeoutMs, (end) => {
      if (this.#watches.get(keyOf(watch)) !== watch) return
      this.#takeResult(watch, end.isGood ? null : { kind: 'command', end })
    })
    if (why !== null) this.#takeResult(watch, { kind: 'not-run', why })
  }

  /** A probe that cannot be started says nothing about the daemon, unless that lasts. */
  #postpone(watch: Watch): void {
    const nowMs = this.#host.now()
    watch.blockedSinceMs = Math.min(watch.blockedSinceMs, nowMs)
    if (nowMs - watch.blockedSinceMs > watch.timeoutMs) {
      return this.#takeResult(watch, { kind: 'blocked' })
    }
    this.#schedule(watch, watch.intervalMs)
  }

  /** @param problem null = the probe succeeded. */
  #takeResult(watch: Watch, problem: ProbeProblem | null): void {
    const { spec, run } = watch
    const isGood = problem === null
    watch.failures = isGood ? 0 : watch.failures + 1
    if (watch.for === 'verify' || watch.for === 'reload') {
      const isRepeated = !isGood && watch.for === 'verify'
      if (isRepeated && this.#host.now() + watch.intervalMs < watch.untilMs) {
        return this.#schedule(watch, watch.intervalMs)
      }
      this.unwatch(keyOf(watch))
      return watch.take(problem)
    }
    if (watch.for === 'ready' && isGood) {
      this.unwatch(spec.name)
      return this.#dispatch({ type: 'ready', daemon: spec.name, run })
    }
    if (watch.for === 'alive' && watch.failures >= (spec.alive?.failures ?? 1)) {
      this.unwatch(spec.name)
      return this.#dispatch({ type: 'unhealthy', daemon: spec.name, run, fault: 'not-alive' })
    }
    this.#schedule(watch, watch.intervalMs)
  }

  #schedule(watch: Watch, afterMs: number): void {
    const timer = { kind: 'probe', daemon: keyOf(watch), run: watch.run } as const
    this.#timers.arm(timer, this.#host.now() + afterMs)
  }

  /** Cancels the probe in progress and the next one. */
  #cancelProbe(watch: Watch): void {
    const { run, id, task } = watch
    this.#timers.disarm({ kind: 'probe', daemon: keyOf(watch), run })
    this.#commandRuns.cancel(commandName(watch))
    this.#tasks.cancel(task)
    watch.task = 0
    if (id === 0) return
    this.#host.cancelProbe(id)
    this.#byId.delete(id)
    watch.id = 0
  }
}

/** Relative paths are relative to the daemon's working directory. */
function resolvePath(path: string, { cwd }: DaemonSpec): string {
  return cwd === null || path.startsWith('/') ? path : `${cwd}/${path}`
}

function commandName({ spec, for: what }: Watch): string {
  return `${spec.name}:${what}`
}

/** Names the watch, also in its timers. No daemon has a name with a colon. */
function keyOf(watch: Watch): string {
  const isOfRun = watch.for === 'ready' || watch.for === 'alive'
  return isOfRun ? watch.spec.name : commandName(watch)
}

/** A watch without a probe in progress. */
const fresh = {
  failures: 0,
  id: 0,
  task: 0,
  blockedSinceMs: Number.POSITIVE_INFINITY,
  intervalMs: 0,
  untilMs: Number.POSITIVE_INFINITY,
  take: () => {},
}

/** @returns null if the run reports its readiness itself, or has no such probe. */
function watchFor(spec: DaemonSpec, run: number, what: 'ready' | 'alive'): Watch | null {
  const { ready, alive } = spec
  if (what === 'alive') {
    if (alive === null) return null
    const { probe, intervalMs, timeoutMs } = alive
    return { ...fresh, spec, run, for: what, probe, intervalMs, timeoutMs }
  }
  if (ready === null || isSelfReported(ready.sign)) return null
  const { sign, intervalMs } = ready
  return { ...fresh, spec, run, for: what, probe: sign, intervalMs, timeoutMs: readyTimeoutMs }
}

/** @param isPost Whether a request changes something. */
function probeSpec(
  probe: Extract<Probe, { type: 'tcp' | 'unix' | 'http' }>,
  isPost: boolean,
): ProbeSpec {
  if (probe.type !== 'http') return probe
  const { host, port, name, path } = probe
  const method = isPost ? 'POST' : 'GET'
  const length = isPost ? 'Content-Length: 0\r\n' : ''
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: ${userAgent}\r\n`
  return {
    type: 'exchange',
    host,
    port,
    request: `${head}Accept: */*\r\n${length}Connection: close\r\n\r\n`,
  }
}

/** @param line The first line of an HTTP response: "HTTP/1.1 204 No Content". */
function isSuccess(line: string): boolean {
  const status = line.startsWith('HTTP/1.') ? Number(line.slice(9, 12)) : 0
  return status >= 200 && status < 400
}
