/** Replaces the init in the engine, on the real host: spawns what a test asks for and prints every event as a
 *  line of JSON. It has no policy, so that its output shows the host alone. `run SCENARIO`
 *  A round is over when nothing is left; USR1 starts `rounds` more, TERM ends it.
 *
 *  As any other verb (the command of a run may be this program itself) it says what it was given. */
import type { Handlers, Host, HostEvent } from '../../../src/host/host.ts'
import { type PlainRun, spawnPlain } from './plain-spawn.ts'

export interface Scenario {
  readonly runs: readonly Run[]
  /** Stay when nothing is left, and play so many rounds more at each USR1. */
  readonly rounds?: number
}

/** What it does not say is plain. */
export type Run = PlainRun & {
  /** Spawned when this has happened for the first time: "notify web". */
  readonly on?: string
  readonly moreEnv?: readonly string[]
}

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }
const host = world.pitcrewHost
let runs: readonly Run[] = []
let rounds = 0
let round = 0
let roundsLeft = 0
let waiting: Run[] = []
/** Runs of which something is left. */
let left = 0

function say(what: object): void {
  host.print(JSON.stringify(what))
}

function start(run: Run): void {
  const { on: _, moreEnv, ...given } = run
  const answer = spawnPlain(host, given, round, moreEnv)
  if ('pid' in answer) left++
  say({ type: 'answer', daemon: run.daemon, ...answer })
}

function startRound(): void {
  round++
  waiting = runs.filter(({ on }) => on !== undefined)
  for (const run of runs) if (run.on === undefined) start(run)
  endRoundIfOver()
}

function endRoundIfOver(): void {
  if (left > 0) return
  if (roundsLeft > 0) {
    roundsLeft--
    return startRound()
  }
  if (rounds === 0) return host.finish(0, 1000, 1000)
  say({ type: 'idle' })
}

function onEvent(event: HostEvent): void {
  if (event.type === 'executed') return // Only on a machine that is busy.
  if ('daemon' in event) {
    const { daemon, run } = event
    const live = host.liveRuns().find((one) => one.daemon === daemon && one.run === run)
    say({ ...event, liveReady: live?.ready, resources: host.runResources(daemon, run) })
  } else {
    say(event)
  }
  const trigger = 'daemon' in event ? `${event.type} ${event.daemon}` : event.type
  const now = waiting.filter(({ on }) => on === trigger)
  waiting = waiting.filter(({ on }) => on !== trigger)
  for (const run of now) start(run)
  if (event.type === 'signal' && event.signal === 15) host.finish(0, 1000, 1000)
  if (event.type === 'signal' && event.signal === 10 && rounds > 0) {
    roundsLeft = rounds - 1
    startRound()
  }
  if (event.type === 'gone' || (event.type === 'exited' && event.gone)) {
    left--
    endRoundIfOver()
  }
}

if (host.args[0] === 'run') {
  ;({ runs, rounds = 0 } = JSON.parse(host.args[1] as string) as Scenario)
  world.pitcrewHandlers = {
    handle: onEvent,
    recover(problem): void {
      say({ type: 'problem', problem })
    },
  }
  startRound()
} else {
  host.write(1, `itself: ${host.args.join(' ')}, GREETING=${host.getenv('GREETING')}\n`)
  host.exit(0)
}
