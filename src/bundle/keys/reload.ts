/** `reload`: how a change of a daemon's configuration takes effect. */
import { namesFile, neverReloads } from '../../core/plan/config.ts'
import { type Probe, type ReloadSpec, specDefaults } from '../../core/plan/plan.ts'
import type { Signal } from '../../core/signals.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import {
  childLocation,
  type Location,
  type Reader,
  reportMismatch,
  reportProblem,
} from '../location.ts'
import { quote } from '../problems.ts'
import { boolean, duration, fields } from '../read.ts'
import { type Entry, findEntry, isNull, type Value } from '../tree.ts'
import { command } from './command.ts'
import { chooseOne, http, probeNames, probeReaders } from './probe.ts'
import { signal } from './signal.ts'

type Method = ReloadSpec['by']
type Verify = Pick<ReloadSpec, 'verify' | 'verifyMs'>

/** The keys as written. */
export interface Reload {
  readonly by?: Method | undefined
  readonly check?: string[] | undefined
  readonly checkInPlace?: boolean | undefined
  readonly verify?: Verify | undefined
  readonly settle?: number | undefined
}

const maxSettleMs = 3_600_000
const minVerifyMs = 10

/** `restart`, `none`, or a map. */
export const reload: Reader<Reload> = (value, location) => {
  if (value.kind !== 'text' || isNull(value)) return reloadMap(value, location)
  if (value.text === 'restart' || value.text === 'none') return { by: { type: value.text } }
  return reportMismatch(location, value, 'restart, none or a map', () => {
    const example = examples[value.text]
    if (example !== undefined) return `write { ${value.text}: ${example} }`
    return didYouMean(value.text, methodNames) ?? 'such as { signal: HUP }'
  })
}

export function completeReload({ by, check, checkInPlace, verify, settle }: Reload): ReloadSpec {
  const { reload: defaults } = specDefaults
  return {
    by: by ?? defaults.by,
    check: check ?? defaults.check,
    checkInPlace: checkInPlace ?? defaults.checkInPlace,
    ...(verify ?? { verify: defaults.verify, verifyMs: defaults.verifyMs }),
    settleMs: settle ?? defaults.settleMs,
  }
}

const reloadMap: Reader<Reload> = (value, location) => {
  const found = reloadFields(value, location)
  const chosen = methodOf(value, location)
  if (found === undefined || chosen === 'several') return
  checkOfCandidate(value, found, location)
  return { ...found, by: chosen === undefined ? undefined : found[chosen.key as Method['type']] }
}

/** @returns The key that says how; undefined = none, which means a restart. */
function methodOf(value: Value, location: Location): Entry | undefined | 'several' {
  if (value.kind !== 'map') return
  const [first, second] = value.entries.filter(({ key }) => methodNames.includes(key))
  if (second === undefined) return first
  const message = `${quote(second.key)} is a second way beside ${quote(first?.key ?? '')}`
  reportProblem(location, second.offset, message, 'remove one of them')
  return 'several'
}

function checkOfCandidate(
  value: Value,
  { check, checkInPlace }: Partial<ReloadFields>,
  location: Location,
): void {
  const inPlace = findEntry(value, 'checkInPlace')
  const written = findEntry(value, 'check')
  if (inPlace !== undefined && written === undefined) {
    const message = 'has no effect without check'
    const place = childLocation(location, 'checkInPlace')
    return reportProblem(place, inPlace.offset, message, 'add check: [PROGRAM, …], or remove it')
  }
  if (written === undefined || check === undefined || namesFile(check)) return
  if (checkInPlace === true || (inPlace !== undefined && checkInPlace === undefined)) return
  const message = 'no argument contains {file}, which stands for the new content'
  const hint = 'add {file}, or checkInPlace: true to check after the file was replaced'
  reportProblem(childLocation(location, 'check'), written.offset, message, hint)
}

function word(type: 'restart' | 'none'): Reader<Method> {
  return (value, location) => {
    const found = boolean(value, location)
    if (found !== false) return found && { type }
    return reportProblem(location, value.offset, 'false has no meaning', 'write true, or remove it')
  }
}

const reloadSignal: Reader<Method> = (value, location) => {
  const name = signal(value, location)
  if (name === undefined) return
  if (!neverReloads.includes(name)) return { type: 'signal', signal: name }
  reportProblem(location, value.offset, `no daemon can handle ${name}`, 'write HUP or USR1')
}

const methodReaders: { readonly [T in Method['type']]: Reader<Method> } = {
  restart: word('restart'),
  none: word('none'),
  signal: reloadSignal,
  command: (value, location) => {
    const words = command(value, location)
    return words === undefined ? undefined : { type: 'command', command: words }
  },
  http,
}

const methodNames: readonly string[] = Object.keys(methodReaders)

const examples: Readonly<Record<string, string | undefined>> = {
  signal: 'HUP',
  command: '[PROGRAM, ARGUMENT, …]',
  http: 'http://127.0.0.1:8080/PATH',
}

/** A probe, and `timeout`. */
const verify: Reader<Verify> = (value, location) => {
  const found = verifyFields(value, location)
  const chosen = chooseOne(value, location, probeNames, ['timeout'], 'probe')
  const probe = chosen === undefined ? undefined : found?.[chosen.key as Probe['type']]
  if (probe === undefined) return
  return { verify: probe, verifyMs: found?.timeout ?? specDefaults.reload.verifyMs }
}

type VerifyFields = Record<Probe['type'], Probe> & { timeout: number }

const verifyFields: Reader<Partial<VerifyFields>> = fields<VerifyFields>({
  ...probeReaders,
  timeout: duration(minVerifyMs, maxSettleMs),
})

type ReloadFields = Record<Method['type'], Method> & {
  check: string[]
  checkInPlace: boolean
  verify: Verify
  settle: number
}

const reloadFields: Reader<Partial<ReloadFields>> = fields<ReloadFields>({
  ...methodReaders,
  check: command,
  checkInPlace: boolean,
  verify,
  settle: duration(0, maxSettleMs),
})

/** Checks a signal that would stop the daemon instead. */
export function checkReloadSignal(
  value: Value,
  by: Method | undefined,
  stopSignal: Signal,
  location: Location,
): void {
  const entry = findEntry(findEntry(value, 'reload')?.value, 'signal')
  if (entry === undefined || by?.type !== 'signal' || by.signal !== stopSignal) return
  const message = `${stopSignal} is the stop signal of this daemon`
  const place = childLocation(childLocation(location, 'reload'), 'signal')
  reportProblem(place, entry.offset, message, 'write restart, or another signal such as HUP')
}
