/** Reads one daemon of the bundle file and fills in its defaults. */
import {
  type AliveSpec,
  type DaemonSpec,
  type ReadySpec,
  type StopSpec,
  specDefaults,
} from '../../core/plan/plan.ts'
import { suggest } from '../../core/text/suggest.ts'
import { type Location, type ReadContext, type Reader, reportProblem } from '../location.ts'
import { boolean, fields, oneOf, textMatching } from '../read.ts'
import type { Entry } from '../tree.ts'
import { after } from './after.ts'
import { alive, watchdog } from './alive.ts'
import { command, commandExample, type OwnOnDeath, ownOnDeath } from './command.ts'
import { config } from './config.ts'
import { checkCrossField } from './cross-field.ts'
import { env } from './env.ts'
import { limits, umask } from './limit.ts'
import { ready } from './ready.ts'
import { completeReload, type Reload, reload } from './reload.ts'
import { completeRestart, type Restart, restart } from './restart.ts'
import { stop } from './stop.ts'

/** A daemon without what depends on the rest of the bundle. */
export type PartialDaemon = Omit<DaemonSpec, 'onDeath'> & {
  readonly onDeath: OwnOnDeath | undefined
}

/** @returns The daemon; unusable if a problem was reported. */
export function readDaemon(
  { key: name, offset, value }: Entry,
  context: ReadContext,
): PartialDaemon {
  const location: Location = { context, daemon: name, path: '' }
  const found = daemonFields(value, location) ?? {}
  if (value.kind === 'map' && !value.entries.some(({ key }) => resemblesCommand(key))) {
    reportProblem(location, offset, 'no command', commandExample)
  }
  checkCrossField(value, found, location)
  const { kind = 'daemon', main = false } = found
  return {
    name,
    kind,
    command: found.command ?? [],
    cwd: found.cwd ?? specDefaults.cwd,
    env: found.env ?? specDefaults.env,
    after: found.after ?? specDefaults.after,
    ready: found.ready ?? specDefaults.ready,
    alive: found.alive ?? specDefaults.alive,
    watchdogMs: found.watchdog ?? specDefaults.watchdogMs,
    stop: found.stop ?? specDefaults.stop,
    restart: completeRestart(found.restart ?? {}, main || kind === 'job'),
    main,
    critical: found.critical ?? specDefaults.critical,
    guard: found.guard ?? specDefaults.guard,
    optional: found.optional ?? specDefaults.optional,
    onDeath: found.onDeath,
    control: found.control ?? specDefaults.control,
    user: found.user ?? specDefaults.user,
    group: found.group ?? specDefaults.group,
    umask: found.umask ?? specDefaults.umask,
    limits: found.limits ?? specDefaults.limits,
    config: found.config ?? specDefaults.config,
    watch: found.watch ?? specDefaults.watch,
    reload: found.reload === undefined ? specDefaults.reload : completeReload(found.reload),
    onBootFailure: found.onBootFailure ?? specDefaults.onBootFailure,
  }
}

/** True also for a typing error, which is reported as such: one problem, not two. */
function resemblesCommand(key: string): boolean {
  return suggest(key, ['command']) !== null
}

const account: Reader<string> = textMatching(
  (name) =>
    /^\d{1,10}$/.test(name) ? Number(name) <= 4_294_967_294 : /^[A-Za-z_][\w.-]*\$?$/.test(name),
  'a name or a number',
)

/** Keys of a later version. */
const plannedKeys: readonly string[] = ['listen', 'drain', 'log']

interface DaemonFields {
  kind: DaemonSpec['kind']
  command: string[]
  cwd: string
  env: DaemonSpec['env']
  after: DaemonSpec['after']
  ready: ReadySpec
  alive: AliveSpec
  watchdog: number
  stop: StopSpec
  restart: Partial<Restart>
  main: boolean
  critical: boolean
  guard: boolean
  optional: boolean
  onDeath: OwnOnDeath
  control: 'look' | 'operate'
  user: string
  group: string
  umask: number
  limits: DaemonSpec['limits']
  config: string[]
  watch: boolean
  reload: Reload
  onBootFailure: DaemonSpec['onBootFailure']
}

const daemonFields: Reader<Partial<DaemonFields>> = fields<DaemonFields>(
  {
    kind: oneOf(['daemon', 'job']),
    command,
    cwd: textMatching((path) => path !== '', 'a path'),
    env,
    after,
    ready,
    alive,
    watchdog,
    stop,
    restart,
    main: boolean,
    critical: boolean,
    guard: boolean,
    optional: boolean,
    onDeath: ownOnDeath,
    control: oneOf(['look', 'operate']),
    user: account,
    group: account,
    umask,
    limits,
    config,
    watch: boolean,
    reload,
    onBootFailure: oneOf(['leave', 'lastGood']),
  },
  plannedKeys,
)
