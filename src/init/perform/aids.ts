/** What serves daemons beside them: their commands, probes from outside, and their messages. */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import type { Host } from '../../host/host.ts'
import type { UntimedEvent } from '../loop/event-queue.ts'
import type { Tasks } from '../loop/tasks.ts'
import type { Timers } from '../loop/timers.ts'
import type { Deaths } from '../report/deaths.ts'
import { Commands } from './commands.ts'
import { type Helper, Helpers } from './helpers.ts'
import { Probes } from './probes.ts'
import { RunMessages } from './sd-notify.ts'

export class Aids {
  readonly helpers: Helpers
  readonly commands: Commands
  readonly probes: Probes
  readonly messages: RunMessages

  /** @param say     Prints a line of pitcrew's own.
   *  @param lookFor A command that looks at a daemon, run as the daemon itself would be.
   *  @param dispatch Takes what comes of all that, some time later. */
  constructor(
    host: Host,
    tasks: Tasks,
    timers: Timers,
    deaths: Deaths,
    say: (text: string) => void,
    lookFor: (spec: DaemonSpec, command: Helper['command']) => Helper,
    dispatch: (event: UntimedEvent) => void,
  ) {
    this.helpers = new Helpers(host, timers)
    this.commands = new Commands(host, this.helpers, deaths, say, dispatch)
    this.probes = new Probes(host, tasks, timers, this.helpers, lookFor, dispatch)
    this.messages = new RunMessages(say, dispatch)
  }
}
