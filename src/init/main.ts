/** The init's image: what `run` and `-- COMMAND` start. */
import { describeError, exitStatus, PitcrewError } from '../errors.ts'
import type { Handlers, Host, HostEvent } from '../host/host.ts'
import { OneCommand } from './one-command.ts'
import { Start } from './start.ts'

export function main(host: Host): Handlers {
  const work = host.args[0] === 'run' ? new Start(host) : new OneCommand(host)
  return {
    /** What a person can act on ends the process with a message; everything else is a bug. */
    handle(event: HostEvent): void {
      try {
        work.handle(event)
      } catch (error) {
        if (!(error instanceof PitcrewError)) throw error
        host.write(2, `pitcrew: ${describeError(error)}\n`)
        host.finish(exitStatus(error), 0)
      }
    },
    recover: (problem, shutdownAsked) => work.recover(problem, shutdownAsked),
  }
}
