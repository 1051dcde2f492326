/** From the bundle that was found to the loop: read the plan, select its daemons, take lock and
 *  socket. */
import { selectDaemons } from '../../core/plan/order.ts'
import type { Plan } from '../../core/plan/plan.ts'
import {
  maxPlanBytes,
  type PlanAnswer,
  type PlanCheck,
  readPlan,
} from '../../core/plan/plan-text.ts'
import { count } from '../../core/text/describe.ts'
import { formatDuration, parseDuration } from '../../core/text/duration.ts'
import { PitcrewError } from '../../errors.ts'
import { sumWith } from '../../host/find-bundle.ts'
import type { HelperEnd } from '../../host/helper.ts'
import type { Host } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import { version } from '../../version.ts'
import { adoptClient, openControlSocket } from '../control/control-socket.ts'
import { Loop } from '../loop/loop.ts'
import type { RunArguments } from './arguments.ts'
import { noParser, parserTimeoutMs } from './parser.ts'

/** How long after the bundle's deadline the host's shutdown watchdog fires, in milliseconds. */
const watchdogAfterDeadlineMs = 1000
/** How long a plan is read in one turn, in milliseconds, and how many of its steps are done between
 *  two readings of the clock. */
const readMs = 10
const stepsPerClockRead = 64
/** From this number of daemons on, making their state and the boot have a turn each. */
const manyDaemons = 500

export interface Found {
  readonly given: RunArguments
  /** The path of the bundle. */
  readonly path: string
}

export class Boot {
  readonly #host: Host
  readonly #found: Found
  readonly #onLoop: (loop: Loop) => void
  /** The work of the next turn. */
  #next: () => void = () => {}

  /** @param onLoop Takes the loop, which then handles all events. */
  constructor(host: Host, found: Found, onLoop: (loop: Loop) => void) {
    this.#host = host
    this.#found = found
    this.#onLoop = onLoop
  }

  wake(): void {
    this.#next()
  }

  /** If the bundle is invalid, the helper has reported that on stderr. */
  takeHelper(event: HelperEnd): void {
    if (event.errno !== null && !event.timedOut) throw noParser(this.#found.path, event.errno)
    if (event.code === 0 && event.signal === 0 && event.text !== null) {
      return this.readPlan(event.text)
    }
    if (event.code !== 0) return this.#host.finish(event.code, 0, 0)
    const why = event.timedOut
      ? `the parser was not done after ${formatDuration(parserTimeoutMs)}`
      : event.text === null
        ? `its plan has more than ${maxPlanBytes / 1024 / 1024} MiB`
        : `the parser was ended by signal ${event.signal}`
    throw new PitcrewError(
      'BUNDLE_UNREADABLE',
      `cannot read the bundle: ${why}`,
      'make it smaller, or see what "pitcrew validate" says of it',
    )
  }

  /** The helper seals its plan, as `pitcrew build` does. */
  readPlan(text: string): void {
    this.#read(
      readPlan(text, () => this.#host.loadCheck() as PlanCheck, sumWith(this.#host, version)),
    )
  }

  /** Reads a plan of thousands of daemons in several turns, so that signals do not wait for it. */
  #read(reading: ReturnType<typeof readPlan>): void {
    let untilMs = Number.POSITIVE_INFINITY
    for (let count = 1; ; count++) {
      const { done, value } = reading.next()
      if (done === true) {
        // After a long read, the next work gets a turn of its own.
        const isShort = count < stepsPerClockRead
        return isShort ? this.#takePlan(value) : this.#later(() => this.#takePlan(value))
      }
      if (count % stepsPerClockRead !== 0) continue
      const nowMs = this.#host.now()
      if (count === stepsPerClockRead) untilMs = nowMs + readMs
      else if (nowMs >= untilMs) return this.#later(() => this.#read(reading))
    }
  }

  #later(next: () => void): void {
    this.#next = next
    this.#host.wakeAt(this.#host.now())
  }

  #takePlan(answer: PlanAnswer): void {
    if ('error' in answer) {
      throw new PitcrewError(
        'BUNDLE_INVALID',
        `cannot use the plan ${this.#found.path}: ${answer.error}`,
        'build it again: pitcrew build BUNDLE --out FILE',
      )
    }
    this.#run({ ...answer.plan, deadlineMs: this.#deadlineMs(answer.plan) })
  }

  #deadlineMs(plan: Plan): number {
    const given = this.#host.getenv('PITCREW_DEADLINE')
    if (given === null || given === '') return plan.deadlineMs
    const ms = parseDuration(given)
    if (ms !== null && ms >= 100 && ms <= 3_600_000) return ms
    throw new PitcrewError(
      'USAGE',
      `cannot use PITCREW_DEADLINE "${given}": not a length of time from 100ms to 1h`,
      'write it like 9s or 1m30s',
    )
  }

  #run(plan: Plan): void {
    const host = this.#host
    const names = plan.daemons.map(({ name }) => name)
    const selected = selectDaemons(names, host.getenv(plan.select))
    if (selected.length === 0) {
      host.print(`${plan.label}: no daemon is selected by ${plan.select}: nothing to do`)
      return host.finish(0, plan.deadlineMs, flushSilentMs)
    }
    const noSocket = openControlSocket(host, plan.name, this.#found.path)
    const { controlFd, trace } = this.#found.given
    if (controlFd !== null) adoptClient(host, controlFd)
    const deadline = formatDuration(plan.deadlineMs)
    const of = selected.length === names.length ? '' : `${selected.length} of `
    const daemons = `${of}${count(names.length, 'daemon')}`
    host.print(`${plan.label}: pitcrew ${version}, ${daemons}, deadline ${deadline}`)
    if (noSocket !== null) host.print(`${plan.label}: ${noSocket}`)
    host.armShutdownWatchdog(plan.deadlineMs + watchdogAfterDeadlineMs)
    const loop = new Loop(host, plan, selected, trace)
    if (names.length < manyDaemons) this.#onLoop(loop)
    else this.#later(() => this.#onLoop(loop))
  }
}
