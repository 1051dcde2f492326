/** The host with channels-entry.ts instead of the init: it spawns what a test asks for and tells what becomes of it. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { HostEvent, RunResources, SpawnAnswer } from '../../../src/host/host.ts'
import { isSanitized } from '../../e2e/support/cost.ts'
import { compileFixture, type Options, Pitcrew, root, sh } from '../../e2e/support/pitcrew.ts'
import { linesOf } from '../../notify-fields.ts'
import type { Run, Scenario } from './channels-entry.ts'

const entry = 'test/host/images/channels-entry.ts'
const program = join(root, `build/pitcrew-channels${isSanitized ? '-sanitize' : ''}`)
/** The fixture that speaks sd_notify. */
export const notifies = (): string => join(root, 'build/fixtures/notifies')

/** An event of the host, with what `liveRuns` and `runResources` returned while it was handled. */
export type ReportedEvent = {
  daemon: string
  liveReady?: boolean
  resources?: RunResources | null
} & (
  | Exclude<HostEvent, { type: 'probed' | 'helper' | 'wake' }>
  | ({ type: 'answer' } & SpawnAnswer)
  | { type: 'idle' }
)
type Kind = ReportedEvent['type']

/** The images that it runs are this entry. Test files that run at the same time wait for each
 *  other here. */
export function buildChannels(): void {
  const build = ['scripts/build.mjs', '--init', entry, '--cli', entry, '--out', program]
  const words = [process.execPath, ...build, ...(isSanitized ? ['--sanitize'] : [])]
  execFileSync('flock', [join(root, 'scripts/build.mjs'), ...words], { cwd: root, stdio: 'pipe' })
  compileFixture('notifies')
}

export class Channels extends Pitcrew {
  constructor(scenario: Scenario, options: Options = {}) {
    const env = { NOTIFIES: notifies(), ...options.env }
    super(null, { ...options, program, args: ['run', JSON.stringify(scenario)], env })
  }

  /** All events of a kind so far, in order. */
  eventsOf<K extends Kind>(kind: K, daemon?: string): Extract<ReportedEvent, { type: K }>[] {
    return this.events().filter(
      (event): event is Extract<ReportedEvent, { type: K }> =>
        event.type === kind && (daemon === undefined || event.daemon === daemon),
    )
  }

  events(): ReportedEvent[] {
    return this.lines
      .filter((line) => line.startsWith('{"type":'))
      .map((line) => JSON.parse(Buffer.from(line, 'latin1').toString()))
  }

  /** The events in order, in short: "ready web". */
  story(): string[] {
    return this.events()
      .filter(({ type }) => type !== 'answer' && type !== 'output-closed')
      .map((event) =>
        [event.type, event.daemon, 'fields' in event ? linesOf(event.fields).join('\n') : '']
          .join(' ')
          .trim(),
      )
  }

  /** The texts of one daemon's messages. */
  notes(daemon: string): string[] {
    return this.eventsOf('notify', daemon).map(({ fields }) => linesOf(fields).join('\n'))
  }
}

/** Plays a scenario to its end. */
export async function played(runs: readonly Run[], options?: Options): Promise<Channels> {
  await using channels = new Channels({ runs }, options)
  if ((await channels.exitCode()) !== 0 || channels.errors.length > 0)
    throw new Error(channels.transcript())
  return channels
}

/** A run of a shell script that says by this channel that it is ready. */
export function run(daemon: string, script: string, more: Partial<Run> = {}): Run {
  return { daemon, command: sh(script), ...more }
}
