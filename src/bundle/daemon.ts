/** One daemon of the bundle file, with its defaults. */
import type { DaemonSpec, RestartSpec, StopSpec } from '../core/plan.ts'
import { suggest } from '../core/suggest.ts'
import { env } from './env.ts'
import { limits, umask } from './limit.ts'
import { complain, mismatch, type Place, type Reader, type Reading } from './place.ts'
import { quote } from './problems.ts'
import { duration, fields, flag, integer, list, listOfDifferent, text, textThat } from './read.ts'
import { signal } from './signal.ts'
import type { Entry } from './tree.ts'
import { daemonName } from './use.ts'

/** @returns The daemon, completed with defaults; of no use when a problem was reported. */
export function readDaemon({ key: name, at, value }: Entry, reading: Reading): DaemonSpec {
  const place: Place = { reading, daemon: name, path: '' }
  const found = daemonFields(value, place)
  if (value.kind === 'map' && !value.entries.some(({ key }) => isMeant(key))) {
    complain(place, at, 'no command', 'add command: [PROGRAM, ARGUMENT, …]')
  }
  return {
    name,
    command: found?.command ?? [],
    cwd: found?.cwd ?? null,
    env: found?.env ?? { set: {}, pass: null, claim: [] },
    after: found?.after ?? [],
    stop: found?.stop ?? { signal: 'TERM', graceMs: null, success: [] },
    restart: found?.restart ?? { policy: 'never' },
    main: found?.main ?? false,
    critical: found?.critical ?? false,
    user: found?.user ?? null,
    group: found?.group ?? null,
    umask: found?.umask ?? null,
    limits: found?.limits ?? {},
  }
}

/** A slip in the one key that is needed is one problem, not two. */
function isMeant(key: string): boolean {
  return suggest(key, ['command']) !== null
}

const maxGraceMs = 3_600_000

const command: Reader<string[]> = (value, place) => {
  const words = list(text, commandHint)(value, place)
  if (words === undefined || value.kind !== 'list') return
  const [program] = value.items
  const hint = 'add command: [PROGRAM, ARGUMENT, …]'
  if (program === undefined) return complain(place, value.at, 'the list is empty', hint)
  if (words[0] === '') return complain(place, program.at, 'the program has no name', hint)
  return words
}

/** A string would need a shell to take it apart, and an image may have none. */
function commandHint(written: string): string {
  const simple = /^[\w./:=@%+ -]+$/.test(written)
  if (simple) return `write a list: [${written.trim().split(/ +/).join(', ')}]`
  return `write a list, or for a shell: [sh, -c, ${quote(written)}]`
}

const after: Reader<string[]> = (value, place) => {
  if (value.kind !== 'map') return listOfDifferent(daemonName)(value, place)
  const hint = `write after: [${value.entries.map(({ key }) => key).join(', ')}]`
  return complain(place, value.at, 'a map: not yet, this version does not know it', hint)
}

const stop: Reader<StopSpec> = (value, place) => {
  const found = stopFields(value, place)
  if (found === undefined) return
  const { signal = 'TERM', grace = null, success = [] } = found
  return { signal, graceMs: grace, success }
}

type StopFields = { signal: StopSpec['signal']; grace: number; success: number[] }

const stopFields: Reader<Partial<StopFields>> = fields<StopFields>(
  { signal, grace: duration(0, maxGraceMs), success: listOfDifferent(integer(0, 255)) },
  ['command'],
)

const policy: Reader<'never'> = (value, place) => {
  const written = text(value, place)
  if (written === undefined || written === 'never') return written
  if (!['always', 'on-failure'].includes(written)) {
    return mismatch(place, value, 'never, which is the only policy of this version')
  }
  const message = `${quote(written)}: not yet, this version does not know it`
  return complain(place, value.at, message, 'write never')
}

const restart: Reader<RestartSpec> = (value, place) => {
  const hint = value.kind === 'text' ? `write restart: { policy: ${value.text} }` : null
  if (value.kind !== 'map') return mismatch(place, value, 'a map', hint)
  return { policy: 'never', ...restartFields(value, place) }
}

const restartFields: Reader<Partial<RestartSpec>> = fields<RestartSpec>({ policy }, [
  'backoff',
  'limit',
  'calm',
  'then',
])

const account: Reader<string> = textThat(
  (name) =>
    /^\d{1,10}$/.test(name) ? Number(name) <= 4_294_967_294 : /^[A-Za-z_][\w.-]*\$?$/.test(name),
  'a name or a number',
)

/** Keys that are planned: see the bundle file in the design. */
const later: readonly string[] = [
  'ready',
  'alive',
  'reload',
  'config',
  'listen',
  'kind',
  'watchdog',
  'settle',
  'onDeath',
  'control',
  'drain',
  'log',
  'guard',
  'optional',
]

type DaemonFields = { [K in Exclude<keyof DaemonSpec, 'name'>]: NonNullable<DaemonSpec[K]> }

const daemonFields: Reader<Partial<DaemonFields>> = fields<DaemonFields>(
  {
    command,
    cwd: textThat((path) => path !== '', 'a path'),
    env,
    after,
    stop,
    restart,
    main: flag,
    critical: flag,
    user: account,
    group: account,
    umask,
    limits,
  },
  later,
)
