/** Readiness and health probes. A daemon has at most one probe in progress; the next one follows an
 *  interval after its end, and each has a timeout. The host itself probes an address. A helper
 *  probes a path, since its disk may hang. */
import { type DaemonSpec, isSelfReported, type Probe } from '../../core/plan/plan.ts'
import type { HelperTask } from '../../host/helper.ts'
import type { Host, HostEvent, ProbeSpec } from '../../host/host.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { InitTimer, Timers } from '../loop/timers.ts'
import type { CommandRuns } from './command-runs.ts'
import type { ServiceCommand } from './spawn-spec.ts'

/** The timeout of a single readiness probe, in milliseconds. The daemon's `ready.timeout` limits
 *  all of them together. */
const readyTimeoutMs = 5000
const userAgent = 'pitcrew'

interface Watch {
  readonly spec: DaemonSpec
  readonly run: number
  readonly for: 'ready' | 'alive'
  readonly probe: Probe
  readonly intervalMs: number
  readonly timeoutMs: number
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
  readonly #commandFor: (spec: DaemonSpec, command: ServiceCommand['command']) => ServiceCommand
  readonly #dispatch: (event: Result) => void
  readonly #watches: Map<string, Watch> = new Map()
  readonly #byId: Map<number, Watch> = new Map()
  #ids = 0

  /** @param commandFor Makes the command run in the daemon's context.
   *  @param dispatch   Takes the results: a run is ready, or it is not alive. */
  constructor(
    host: Host,
    tasks: Tasks,
    timers: Timers,
    runs: CommandRuns,
    commandFor: (spec: DaemonSpec, command: ServiceCommand['command']) => ServiceCommand,
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
    this.#watches.set(spec.name, watch)
    // Wait before the first probe: hardly any daemon is ready at once.
    this.#schedule(watch, what === 'ready' ? Math.min(watch.intervalMs, 10) : watch.intervalMs)
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
    this.#takeResult(watch, false)
  }

  probed({ id, errno, text }: Extract<HostEvent, { type: 'probed' }>): void {
    const watch = this.#byId.get(id)
    if (watch === undefined) return
    this.#byId.delete(id)
    watch.id = 0
    this.#takeResult(watch, errno === null && (watch.probe.type !== 'http' || isSuccess(text)))
  }

  #probe(watch: Watch): void {
    const { probe, spec } = watch
    if (probe.type === 'command') return this.#probeByCommand(watch, probe.command)
    const timeoutMs = watch.timeoutMs
    if (probe.type === 'file') {
      return this.#probeByTask(watch, { exists: resolvePath(probe.path, spec), timeoutMs })
    }
    if (probe.type === 'unix' && !probe.path.startsWith('@')) {
      return this.#probeByTask(watch, { connect: probe.path, timeoutMs })
    }
    const id = ++this.#ids
    const errno = this.#host.probe(id, probeSpec(probe))
    if (errno !== null) return this.#takeResult(watch, false)
    watch.id = id
    this.#byId.set(id, watch)
    const timer = { kind: 'probe-timeout', daemon: spec.name, run: watch.run } as const
    this.#timers.arm(timer, this.#host.now() + watch.timeoutMs)
  }

  #probeByTask(watch: Watch, task: HelperTask): void {
    const started = this.#tasks.start(task, ({ errno }) => {
      watch.task = 0
      this.#takeResult(watch, errno === null)
    })
    // No room for another task says nothing about the daemon; any other refusal does.
    if (started === 'EBUSY' || started === 'EAGAIN') return this.#postpone(watch)
    watch.blockedSinceMs = Number.POSITIVE_INFINITY
    if (typeof started === 'string') return this.#takeResult(watch, false)
    watch.task = started
  }

  #probeByCommand(watch: Watch, command: ServiceCommand['command']): void {
    const serviceCommand = this.#commandFor(watch.spec, command)
    const name = commandName(watch)
    if (this.#commandRuns.isRunning(name)) return this.#postpone(watch)
    watch.blockedSinceMs = Number.POSITIVE_INFINITY
    const error = this.#commandRuns.start(name, serviceCommand, watch.timeoutMs, (isGood) => {
      if (this.#watches.get(watch.spec.name) === watch) this.#takeResult(watch, isGood)
    })
    if (error !== null) this.#takeResult(watch, false)
  }

  /** A probe that cannot be started says nothing about the daemon, unless that lasts. */
  #postpone(watch: Watch): void {
    const nowMs = this.#host.now()
    watch.blockedSinceMs = Math.min(watch.blockedSinceMs, nowMs)
    if (nowMs - watch.blockedSinceMs > watch.timeoutMs) return this.#takeResult(watch, false)
    this.#schedule(watch, watch.intervalMs)
  }

  #takeResult(watch: Watch, isGood: boolean): void {
    const { spec, run } = watch
    watch.failures = isGood ? 0 : watch.failures + 1
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

  #schedule({ spec, run }: Watch, afterMs: number): void {
    const timer = { kind: 'probe', daemon: spec.name, run } as const
    this.#timers.arm(timer, this.#host.now() + afterMs)
  }

  /** Cancels the probe in progress and the next one. */
  #cancelProbe(watch: Watch): void {
    const { spec, run, id, task } = watch
    this.#timers.disarm({ kind: 'probe', daemon: spec.name, run })
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

/** @returns null if the run reports its readiness itself, or has no such probe. */
function watchFor(spec: DaemonSpec, run: number, what: 'ready' | 'alive'): Watch | null {
  const blockedSinceMs = Number.POSITIVE_INFINITY
  const rest = { spec, run, for: what, failures: 0, id: 0, task: 0, blockedSinceMs }
  const { ready, alive } = spec
  if (what === 'alive') {
    if (alive === null) return null
    return { ...rest, probe: alive.probe, intervalMs: alive.intervalMs, timeoutMs: alive.timeoutMs }
  }
  if (ready === null) return null
  const { sign, intervalMs } = ready
  if (isSelfReported(sign)) return null
  return { ...rest, probe: sign, intervalMs, timeoutMs: readyTimeoutMs }
}

function probeSpec(probe: Extract<Probe, { type: 'tcp' | 'unix' | 'http' }>): ProbeSpec {
  if (probe.type !== 'http') return probe
  const { host, port, name, path } = probe
  const head = `GET ${path} HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: ${userAgent}\r\n`
  return {
    type: 'exchange',
    host,
    port,
    request: `${head}Accept: */*\r\nConnection: close\r\n\r\n`,
  }
}

/** @param line The first line of an HTTP response: "HTTP/1.1 204 No Content". */
function isSuccess(line: string): boolean {
  const status = line.startsWith('HTTP/1.') ? Number(line.slice(9, 12)) : 0
  return status >= 200 && status < 400
}
