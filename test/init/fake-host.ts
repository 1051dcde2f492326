/** A simulated host for tests of single modules: a clock that is moved by hand, and a log of calls. */
import type {
  Channels,
  Host,
  LiveRun,
  ProbeSpec,
  SignalAnswer,
  SpawnSpec,
} from '../../src/host/host.ts'
import { auxiliary } from '../../src/init/image/auxiliary.ts'

export class FakeHost {
  nowMs = 1000
  /** One line for each call. */
  readonly asked: string[] = []
  /** The request of each exchange. */
  readonly requests: string[] = []
  /** The environment of each spawn. */
  readonly environments: (readonly (number | string)[])[] = []
  /** Whether the next spawns and probes succeed. */
  canSpawn = true
  canProbe = true
  /** The errno for the next tasks; null = they are accepted. */
  refusal: string | null = null
  /** The answer to the next signals. */
  signalAnswer: SignalAnswer = 'sent'
  /** The last lines of every run that ended. */
  lastLines = ''
  live: readonly LiveRun[] = []

  get host(): Host {
    const host: Partial<Host> = {
      now: () => this.nowMs,
      getenv: () => null,
      spawn: (spec, run, env, channels) => this.#spawn(spec, run, env, channels),
      signal: (daemon, run, signal, to) => {
        this.asked.push(`${signal} to the ${to} of ${daemon} ${run}`)
        return this.signalAnswer
      },
      stop: (daemon, run, signal, to) => {
        this.asked.push(`stop ${signal} to the ${to} of ${daemon} ${run}`)
        return 'sent'
      },
      loadAuxiliary: () => auxiliary,
      runResources: () => ({ cpuMs: 0, memoryKib: 0, lastLines: this.lastLines }),
      liveRuns: () => this.live,
      oomKills: () => null,
      finish: (code, flushMs) => {
        this.asked.push(`finish ${code}, ${flushMs} ms`)
      },
      probe: (id, spec) => this.#probe(id, spec),
      cancelProbe: (id) => {
        this.asked.push(`forget ${id}`)
      },
      startHelper: (id, task) => {
        this.asked.push(`task ${id}: ${JSON.stringify(task)}`)
        return this.refusal
      },
      cancelHelper: (id) => {
        this.asked.push(`forget task ${id}`)
      },
    }
    return host as Host
  }

  /** The calls since the last `take`. */
  take(): string[] {
    return this.asked.splice(0)
  }

  #spawn(
    { name, command }: SpawnSpec,
    run: number,
    env: readonly (number | string)[],
    { stdio }: Channels,
  ): ReturnType<Host['spawn']> {
    this.environments.push(env)
    const words = Array.isArray(command) ? command.join(' ') : JSON.stringify(command)
    this.asked.push(`spawn ${name} ${run}: ${words} (${stdio})`)
    return this.canSpawn ? { pid: 70 + run } : { step: 'exec', errno: 'ENOENT' }
  }

  #probe(id: number, spec: ProbeSpec): string | null {
    const where = spec.type === 'unix' ? spec.path : `${spec.host}:${spec.port}`
    this.asked.push(`${spec.type} ${id}: ${where}`)
    if (spec.type === 'exchange') this.requests.push(spec.request)
    return this.canProbe ? null : 'EMFILE'
  }
}
