/** The handlers that the C host calls, around the work of an init's image. */
import { describeError, exitStatus, isPitcrewError } from '../../errors.ts'
import type { Handlers, Host, HostEvent } from '../../host/host.ts'

/** A PitcrewError ends the process with its message. Any other error is a bug: it reaches the host,
 *  which calls `recover`. */
export function handlersFor(host: Host, work: Handlers): Handlers {
  return {
    handle(event: HostEvent): void {
      try {
        work.handle(event)
      } catch (error) {
        if (!isPitcrewError(error)) throw error
        host.write(2, `pitcrew: ${describeError(error)}\n`)
        host.finish(exitStatus(error), 0, 0)
      }
    },
    recover: (problem, shutdownAsked) => work.recover(problem, shutdownAsked),
  }
}
