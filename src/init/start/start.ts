/** The first part of `pitcrew run`: finds the bundle, and starts its parser if it is not a plan. The
 *  rest is loaded after that (boot.ts), so that its code is read while the parser works. Until the
 *  boot, signals are kept, and TERM or INT ends pitcrew. */
import { isShutdownSignal } from '../../core/signals.ts'
import { readBundleFile } from '../../host/find-bundle.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'
import type { SupervisorImage } from '../image/supervisor.ts'
import type { Loop } from '../loop/loop.ts'
import { runArguments } from './arguments.ts'
import type { Boot, Found } from './boot.ts'
import { startParser } from './parser.ts'

/** How many signals are kept before the boot. */
const earlySignalsMax = 64

export class Start implements Handlers {
  readonly #host: Host
  #early: Extract<HostEvent, { type: 'signal' }>[] = []
  #loop: Loop | null = null
  /** The end has begun: later events of the same turn must start nothing. */
  #isOver = false
  /** null: the bundle was not found yet. */
  #found: Found | null = null
  #boot: Boot | null = null

  constructor(host: Host) {
    this.#host = host
    host.wakeAt(host.now())
  }

  handle(event: HostEvent): void {
    if (this.#loop !== null) return this.#loop.handle(event)
    if (this.#isOver) return
    switch (event.type) {
      case 'wake':
        return this.#boot === null ? this.#findBundle() : this.#boot.wake()
      case 'helper':
        return this.#loadBoot().takeHelper(event)
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

  #findBundle(): void {
    const given = runArguments(this.#host.args.slice(1))
    if (given === 'help') throw new Error(this.#host.execSelf(['help', 'run']))
    const { path, text, isPlan } = readBundleFile(this.#host, given.bundle)
    this.#found = { given, path }
    if (isPlan) return this.#loadBoot().readPlan(text)
    startParser(this.#host, path)
    this.#host.preloadSupervisor()
  }

  #loadBoot(): Boot {
    const { Boot } = this.#host.loadSupervisor() as SupervisorImage
    this.#boot = new Boot(this.#host, this.#found as Found, (loop) => {
      this.#loop = loop
      loop.boot(this.#early)
      this.#early = []
    })
    return this.#boot
  }

  #keepSignal(event: Extract<HostEvent, { type: 'signal' }>): void {
    const { signal, hangup } = event
    if (isShutdownSignal(signal) || hangup) {
      this.#isOver = true
      return this.#host.finish(0, 0, 0)
    }
    if (this.#early.length < earlySignalsMax) this.#early.push(event)
  }
}
