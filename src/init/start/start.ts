/** From the command line to the running supervisor: find the bundle, read its plan, select its
 *  daemons, take lock and socket. Until the boot, signals are kept, and TERM or INT ends pitcrew.
 */

import { selectDaemons } from '../../core/plan/order.ts'
import type { Plan } from '../../core/plan/plan.ts'
import {
  maxPlanBytes,
  type PlanAnswer,
  type PlanCheck,
  readPlan,
} from '../../core/plan/plan-text.ts'
import { signalNumbers } from '../../core/signals.ts'
import { count } from '../../core/text/describe.ts'
import { formatDuration, parseDuration } from '../../core/text/duration.ts'
import { describeErrno, PitcrewError } from '../../errors.ts'
import { readBundleFile, sumWith } from '../../host/find-bundle.ts'
import type { HelperEnd } from '../../host/helper.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'
import { flushSilentMs } from '../../host/output.ts'
import { version } from '../../version.ts'
import { adoptClient, openControlSocket } from '../control/control-socket.ts'
import { Loop } from '../loop/loop.ts'
import { type RunArguments, runArguments } from './arguments.ts'

const helperTimeoutMs = 20_000
/** The id of the parser's helper. The ids of the loop's tasks begin with 1. */
const parserId = 0
/** How long after the bundle's deadline the host's shutdown watchdog fires, in milliseconds. */
const watchdogAfterDeadlineMs = 1000
/** How many signals are kept before the boot. */
const earlySignalsMax = 64
/** How long a plan is read in one turn, in milliseconds, and how many of its steps are done between
 *  two readings of the clock. */
const readMs = 10
const stepsPerClockRead = 64
/** From this number of daemons on, making their state and the boot have a turn each. */
const manyDaemons = 500

export class Start implements Handlers {
  readonly #host: Host
  #early: Extract<HostEvent, { type: 'signal' }>[] = []
  #loop: Loop | null = null
  /** The end has begun: later events of the same turn must start nothing. */
  #isOver = false
  #given: RunArguments = { bundle: null, trace: null, controlFd: null }
  /** The path of the bundle. */
  #path = ''
  /** The work of the next turn. */
  #next: () => void = () => this.#findPlan()

  readonly #checkOf: () => PlanCheck

  constructor(host: Host) {
    this.#host = host
    this.#checkOf = () => host.loadCheck() as PlanCheck
    host.wakeAt(host.now())
  }

  handle(event: HostEvent): void {
    if (this.#loop !== null) return this.#loop.handle(event)
    if (this.#isOver) return
    switch (event.type) {
      case 'wake':
        return this.#next()
      case 'helper':
        return this.#takeHelper(event)
      case 'signal':
        return this.#keepSignal(event)
      case 'flushed':
      case 'output-stalled':
      case 'output-resumed':
        return
      default:
        throw new Error(`unexpected ${event.type} before the start`)
    }
  }

  recover(problem: string, shutdownAsked: boolean): void {
    if (this.#loop !== null) return this.#loop.recover(problem, shutdownAsked)
    this.#isOver = true
    this.#host.write(2, `pitcrew: cannot start (a bug of pitcrew): ${problem}\n`)
    this.#host.finish(70, 0, 0)
  }

  /** A plan is loaded directly. Any other bundle is parsed by a helper, so that the parser's memory
   *  is freed with that process. */
  #findPlan(): void {
    const given = runArguments(this.#host.args.slice(1))
    if (given === 'help') throw new Error(this.#host.execSelf(['help', 'run']))
    this.#given = given
    const file = readBundleFile(this.#host, given.bundle)
    this.#path = file.path
    if (file.isPlan) return this.#readPlan(file.text)
    const run = ['@plan', file.path]
    const task = { run, timeoutMs: helperTimeoutMs, maxBytes: maxPlanBytes }
    const errno = this.#host.startHelper(parserId, task)
    if (errno !== null) throw this.#noParser(errno)
  }

  #noParser(errno: string): PitcrewError {
    return new PitcrewError(
      'BUNDLE_UNREADABLE',
      `cannot start the parser for ${this.#path}: ${describeErrno(errno)}`,
      'build the plan beforehand: pitcrew build BUNDLE --out FILE',
    )
  }

  /** If the bundle is invalid, the helper has reported that on stderr. */
  #takeHelper(event: HelperEnd): void {
    if (event.errno !== null && !event.timedOut) throw this.#noParser(event.errno)
    if (event.code === 0 && event.signal === 0 && event.text !== null) {
      return this.#readPlan(event.text)
    }
    if (event.code !== 0) return this.#host.finish(event.code, 0, 0)
    const why = event.timedOut
      ? `the parser was not done after ${formatDuration(helperTimeoutMs)}`
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
  #readPlan(text: string): void {
    this.#read(readPlan(text, this.#checkOf, sumWith(this.#host, version)))
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
        `cannot use the plan ${this.#path}: ${answer.error}`,
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
    const noSocket = openControlSocket(host, plan.name, this.#path)
    const { controlFd, trace } = this.#given
    if (controlFd !== null) adoptClient(host, controlFd)
    const deadline = formatDuration(plan.deadlineMs)
    const of = selected.length === names.length ? '' : `${selected.length} of `
    const daemons = `${of}${count(names.length, 'daemon')}`
    host.print(`${plan.label}: pitcrew ${version}, ${daemons}, deadline ${deadline}`)
    if (noSocket !== null) host.print(`${plan.label}: ${noSocket}`)
    host.armShutdownWatchdog(plan.deadlineMs + watchdogAfterDeadlineMs)
    const loop = new Loop(host, plan, selected, trace)
    if (names.length < manyDaemons) this.#boot(loop)
    else this.#later(() => this.#boot(loop))
  }

  #boot(loop: Loop): void {
    this.#loop = loop
    loop.boot(this.#early)
    this.#early = []
  }

  #keepSignal(event: Extract<HostEvent, { type: 'signal' }>): void {
    const { signal, hangup } = event
    if (signal === signalNumbers.TERM || signal === signalNumbers.INT || hangup) {
      this.#isOver = true
      return this.#host.finish(0, 0, 0)
    }
    if (this.#early.length < earlySignalsMax) this.#early.push(event)
  }
}
