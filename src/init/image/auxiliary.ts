/** The image "auxiliary": what most runs of a bundle never need. It is loaded on first use, because
 *  reading the init's own image is most of the time that a boot takes. What a recovery needs stays
 *  in the init's image: memory may be short then. */
import type { Host } from '../../host/host.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import { CommandRuns } from '../perform/command-runs.ts'
import { type DeathEnvironment, Hooks } from '../perform/hooks.ts'
import { Probes } from '../perform/probes.ts'
import { RunMessages } from '../perform/sd-notify.ts'
import { ServiceManager } from '../perform/service-manager.ts'
import type { CommandFor } from '../perform/spawn-spec.ts'
import { describeDeath } from '../report/death-message.ts'
import { rareWords, unattributedMessage } from '../report/messages.ts'
import { withReason } from '../report/start-failure.ts'

const world = globalThis as unknown as { pitcrewAuxiliary: Auxiliary }

export interface Auxiliary {
  readonly makeDaemonServices: typeof makeDaemonServices
  readonly ServiceManager: typeof ServiceManager
  readonly describeDeath: typeof describeDeath
  readonly withReason: typeof withReason
  readonly rareWords: typeof rareWords
  readonly unattributedMessage: typeof unattributedMessage
}

export const auxiliary: Auxiliary = {
  makeDaemonServices,
  ServiceManager,
  describeDeath,
  withReason,
  rareWords,
  unattributedMessage,
}

world.pitcrewAuxiliary = auxiliary

/** What serves daemons: their commands, probes, and the messages of their runs. */
export interface DaemonServices {
  readonly commandRuns: CommandRuns
  readonly hooks: Hooks
  readonly probes: Probes
  readonly messages: RunMessages
  readonly commandFor: CommandFor
}

interface Parts {
  readonly host: Host
  readonly tasks: Tasks
  readonly timers: Timers
  readonly deathEnvironment: DeathEnvironment
  /** Logs a line of pitcrew's own. */
  readonly log: (text: string) => void
  readonly commandFor: CommandFor
  /** Takes the outcomes, some time later. */
  readonly dispatch: (event: UntimedEvent) => void
}

function makeDaemonServices(parts: Parts): DaemonServices {
  const { host, tasks, timers, deathEnvironment, log, commandFor, dispatch } = parts
  const commandRuns = new CommandRuns(host, timers)
  return {
    commandRuns,
    hooks: new Hooks(host, commandRuns, deathEnvironment, log, dispatch),
    probes: new Probes(host, tasks, timers, commandRuns, commandFor, dispatch),
    messages: new RunMessages(log, dispatch),
    commandFor,
  }
}
