/** What stands between the C host and the work of an init's image. */
import { describeError, exitStatus, PitcrewError } from '../../errors.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'

/** What a person can act on ends the process with a message; everything else is a bug. */
export function handlersFor(host: Host, work: Handlers): Handlers {
  return {
    handle(event: HostEvent): void {
      try {
        work.handle(event)
      } catch (error) {
        if (!(error instanceof PitcrewError)) throw error
        host.write(2, `pitcrew: ${describeError(error)}\n`)
        host.finish(exitStatus(error), 0, 0)
      }
    },
    recover: (problem, shutdownAsked) => work.recover(problem, shutdownAsked),
  }
}
