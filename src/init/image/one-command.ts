/** `pitcrew -- COMMAND`: one command with our terminal, like tini. Every signal is passed on,
 *  orphans are reaped, and the command's exit status is ours. There is no deadline: the command
 *  ends when it ends. */
import type { SpawnFailure } from '../../core/event.ts'
import { type Signal, signalName, signalNumbers } from '../../core/signals.ts'
import { describeErrno } from '../../errors.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'
import { execFailureReason } from '../report/start-failure.ts'
import { handlersFor } from './handlers.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

const name = 'command'
const run = 1
/** What the terminal tells us about ourselves; the command hears such things from the terminal,
 *  too. */
const notPassedOn: readonly Signal[] = ['CHLD', 'TTIN', 'TTOU']
/** How a terminal stops a process. By STOP somebody else does, who continues it, too. */
const terminalStops: readonly Signal[] = ['TSTP', 'TTIN', 'TTOU']

class OneCommand implements Handlers {
  readonly #host: Host
  readonly #to: 'leader' | 'tree'

  constructor(host: Host) {
    this.#host = host
    this.#to = host.args[0] === '-g' ? 'tree' : 'leader'
    host.armShutdownWatchdog(Number.POSITIVE_INFINITY)
    // At once: a signal that has come already must find somebody to go to.
    this.#start()
  }

  handle(event: HostEvent): void {
    switch (event.type) {
      case 'signal':
        return this.#passOn(event.signal)
      case 'stopped':
        return this.#stopToo(event.signal)
      case 'exited':
        if (event.failure !== undefined) return this.#notExecuted(event.failure)
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
    const answer = host.spawn({
      daemon: name,
      run,
      command,
      env: host.envNames().map((_, position) => position),
      cwd: null,
      user: null,
      group: null,
      umask: null,
      limits: [],
      stdio: 'inherit',
      ready: null,
      notify: false,
      control: false,
    })
    if ('pid' in answer) {
      host.foreground(name, run)
      return
    }
    this.#notExecuted(answer)
  }

  #notExecuted({ errno, head }: SpawnFailure & { readonly head?: string }): void {
    const host = this.#host
    const command = host.args[host.args.indexOf('--') + 1]
    const why = execFailureReason(errno, head) ?? describeErrno(errno)
    host.write(2, `pitcrew: cannot execute ${command}: ${why}\n`)
    host.finish(errno === 'ENOENT' ? 127 : 126, 0, 0)
  }

  /** CONT is how a shell brings its job to the foreground, also one that was running behind. */
  #passOn(signal: number): void {
    if (signal === signalNumbers.CONT) return this.#continue()
    if (notPassedOn.includes(signalName(signal) as Signal)) return
    this.#host.signal(name, run, signal, this.#to)
  }

  /** The terminal stopped the command: for want of it, which we may have; or else a shell that
   *  started us waits for us to stop, too, and sends CONT later. Where there is none, nobody would
   *  undo Ctrl-Z. */
  #stopToo(signal: number): void {
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
