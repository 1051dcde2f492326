/** The image "one": `pitcrew -- COMMAND` runs one command on pitcrew's terminal, like tini. Signals
 *  are forwarded, orphans are reaped, and the command's exit status becomes pitcrew's. There is no
 *  deadline. It is an image of its own, since it needs little of the supervisor's code. */
import type { SpawnFailure } from '../../core/event.ts'
import { type Signal, signalName, signalNumbers } from '../../core/signals.ts'
import { describeErrno } from '../../errors.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'
import { execFailureReason } from '../report/start-failure.ts'
import { handlersFor } from './handlers.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

const name = 'command'
const run = 1
/** Signals that concern pitcrew's own job control; the terminal sends them to the command, too. */
const notForwarded: readonly Signal[] = ['CHLD', 'TTIN', 'TTOU']
/** The stop signals of a terminal. STOP is not among them: the process that sent it also sends
 *  CONT. */
const terminalStops: readonly Signal[] = ['TSTP', 'TTIN', 'TTOU']

class OneCommand implements Handlers {
  readonly #host: Host
  readonly #to: 'leader' | 'tree'

  constructor(host: Host) {
    this.#host = host
    this.#to = host.args[0] === '-g' ? 'tree' : 'leader'
    host.armShutdownWatchdog(Number.POSITIVE_INFINITY)
    // Start before the first event, so that a signal that is pending already finds the command.
    this.#start()
  }

  handle(event: HostEvent): void {
    switch (event.type) {
      case 'signal':
        return this.#forward(event.signal)
      case 'stopped':
        return this.#handleStop(event.signal)
      case 'exited':
        if (event.failure !== undefined) return this.#failToStart(event.failure)
        return this.#host.finish(event.signal === 0 ? event.code : 128 + event.signal, 0, 0)
      default:
        return
    }
  }

  recover(problem: string, shutdownAsked: boolean): void {
    this.#host.write(2, `pitcrew: internal error, carrying on: ${problem}\n`)
    const ours = this.#host.liveRuns().find(({ daemon }) => daemon === name)
    if (ours === undefined) return this.#host.finish(70, 0, 0)
    if (ours.exit !== null)
      return this.handle({
        type: 'exited',
        daemon: name,
        run,
        ...ours.exit,
        gone: true,
        outputOpen: false,
      })
    if (shutdownAsked) this.#host.signal(name, run, signalNumbers.TERM, this.#to)
  }

  #start(): void {
    const host = this.#host
    const command = host.args.indexOf('--') + 1
    const answer = host.spawn(
      { name, command, cwd: null, user: null, group: null, umask: null, limits: {} },
      run,
      host.envNames().map((_, position) => position),
      { stdio: 'inherit', ready: null, notify: false, control: false },
    )
    if ('pid' in answer) {
      host.foreground(name, run)
      return
    }
    this.#failToStart(answer)
  }

  #failToStart({ errno, head }: SpawnFailure & { readonly head?: string }): void {
    const host = this.#host
    const command = host.args[host.args.indexOf('--') + 1]
    const why = execFailureReason(errno, head) ?? describeErrno(errno)
    host.write(2, `pitcrew: cannot execute ${command}: ${why}\n`)
    host.finish(errno === 'ENOENT' ? 127 : 126, 0, 0)
  }

  /** A shell sends CONT when it brings its job to the foreground, also to a running one. */
  #forward(signal: number): void {
    if (signal === signalNumbers.CONT) return this.#continue()
    if (notForwarded.includes(signalName(signal) as Signal)) return
    this.#host.signal(name, run, signal, this.#to)
  }

  /** The terminal stopped the command. If it was in the background, give it the foreground, if
   *  pitcrew has it. Otherwise stop pitcrew, too: the shell waits for that and sends CONT later.
   *  PID 1 has no shell to undo Ctrl-Z, so there the command is continued at once. */
  #handleStop(signal: number): void {
    if (!terminalStops.includes(signalName(signal) as Signal)) return
    const isCtrlZ = signal === signalNumbers.TSTP
    if (!isCtrlZ && this.#host.foreground(name, run)) return
    if (this.#host.pid !== 1) this.#host.stopSelf()
    if (isCtrlZ) this.#continue()
  }

  #continue(): void {
    this.#host.foreground(name, run)
    this.#host.signal(name, run, signalNumbers.CONT, 'tree')
  }
}

world.pitcrewHandlers = handlersFor(world.pitcrewHost, new OneCommand(world.pitcrewHost))
