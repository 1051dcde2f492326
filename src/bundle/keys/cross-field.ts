/** Checks of keys of one daemon that contradict each other. */
import { type DaemonSpec, specDefaults } from '../../core/plan/plan.ts'
import { childLocation, type Location, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { type Entry, findEntry, type Value } from '../tree.ts'
import { checkReloadSignal, type Reload } from './reload.ts'
import type { Restart } from './restart.ts'

/** The keys of a daemon; undefined = absent, or not readable. */
export interface DaemonKeys {
  readonly kind?: DaemonSpec['kind'] | undefined
  readonly main?: boolean | undefined
  readonly guard?: boolean | undefined
  readonly optional?: boolean | undefined
  readonly restart?: Partial<Restart> | undefined
  readonly stop?: DaemonSpec['stop'] | undefined
  readonly reload?: Reload | undefined
}

export function checkCrossField(value: Value, keys: DaemonKeys, location: Location): void {
  checkJob(value, keys, location)
  checkRestart(value, keys, location)
  checkProbePaths(value, location)
  checkConfig(value, location)
  const stopSignal = keys.stop?.signal ?? specDefaults.stop.signal
  checkReloadSignal(value, keys.reload?.by, stopSignal, location)
  const optional = findEntry(value, 'optional')
  if (keys.guard && keys.optional && optional !== undefined) {
    const hint = 'remove one: a guard that may fail guards nothing'
    reportProblem(location, optional.offset, 'guard contradicts optional', hint)
  }
}

/** Keys about a daemon that keeps running do not apply to a job. */
function checkJob(value: Value, { kind, reload }: DaemonKeys, location: Location): void {
  if (kind !== 'job') return
  checkJobReload(value, reload, location)
  for (const key of ['ready', 'alive', 'watchdog']) {
    const entry = findEntry(value, key)
    if (entry === undefined) continue
    const hint = 'remove it: a job is done when it exits with 0'
    reportProblem(childLocation(location, key), entry.offset, 'does not apply to a job', hint)
  }
}

/** A job ends, so it can neither read its files again nor be probed after that. */
function checkJobReload(value: Value, reload: Reload | undefined, location: Location): void {
  const entry = findEntry(value, 'reload')
  if (entry === undefined || reload === undefined) return
  const place = childLocation(location, 'reload')
  const by = reload.by?.type ?? 'restart'
  if (by !== 'restart') {
    const hint = 'a job ends: write restart, which runs it again, or remove it'
    reportProblem(place, entry.offset, `${quote(by)} does not apply to a job`, hint)
  }
  const verify = findEntry(entry.value, 'verify')
  if (verify === undefined) return
  const hint = 'remove it: a job is verified when it exits with 0'
  reportProblem(childLocation(place, 'verify'), verify.offset, 'does not apply to a job', hint)
}

/** Keys about configuration files do nothing where there are none. */
function checkConfig(value: Value, location: Location): void {
  if (value.kind !== 'map' || findEntry(value, 'config') !== undefined) return
  const reload = findEntry(value, 'reload')?.value
  const unused: [key: string, entry: Entry | undefined][] = [
    ['watch', findEntry(value, 'watch')],
    ['onBootFailure', findEntry(value, 'onBootFailure')],
    ['reload.check', findEntry(reload, 'check')],
  ]
  for (const [key, entry] of unused) {
    if (entry === undefined) continue
    const hint = 'add config: /PATH, or remove it'
    reportProblem(childLocation(location, key), entry.offset, 'has no effect without config', hint)
  }
}

const onlyWithRestarts = ['backoff', 'limit', 'calm', 'then']

function checkRestart(value: Value, { kind, main, restart }: DaemonKeys, location: Location): void {
  const entry = findEntry(value, 'restart')
  if (entry === undefined || restart === undefined) return
  const restartLocation = childLocation(location, 'restart')
  const { policy } = restart
  if (main && policy !== undefined && policy !== 'never') {
    const message = `${quote(policy)} does not apply to the main daemon`
    const hint = 'pitcrew ends with its main daemon: write never, or remove main: true'
    return reportProblem(restartLocation, entry.offset, message, hint)
  }
  if (kind === 'job' && policy === 'always') {
    const hint = 'a job is meant to end: write on-failure, or never'
    return reportProblem(restartLocation, entry.offset, '"always" does not apply to a job', hint)
  }
  if (policy === 'never' || (policy === undefined && (main || kind === 'job'))) {
    const hint = main
      ? 'remove it: pitcrew ends with its main daemon'
      : `remove it, or write policy: ${kind === 'job' ? 'on-failure' : 'always'}`
    for (const key of onlyWithRestarts) {
      const unused = findEntry(entry.value, key)
      if (unused === undefined) continue
      const message = 'has no effect with policy never'
      reportProblem(childLocation(restartLocation, key), unused.offset, message, hint)
    }
    return
  }
  const then = findEntry(entry.value, 'then')
  if (then !== undefined && restart.then === 'shutdown' && isUnlimited(entry.value)) {
    const message = 'has no effect without a limit'
    const hint = 'add a limit, such as limit: 5 in 1m'
    reportProblem(childLocation(restartLocation, 'then'), then.offset, message, hint)
  }
}

/** False if the limit could not be read: that is a problem of its own. */
function isUnlimited(restart: Value): boolean {
  const limit = findEntry(restart, 'limit')?.value
  return limit === undefined || (limit.kind === 'text' && limit.text === 'none')
}

/** pitcrew resolves the path of a probe from its own working directory, not from the daemon's. */
function checkProbePaths(value: Value, location: Location): void {
  const cwd = findEntry(value, 'cwd')?.value
  if (cwd?.kind !== 'text') return
  const probes: [key: string, probe: Entry | undefined][] = [
    ['ready', findEntry(value, 'ready')],
    ['alive', findEntry(value, 'alive')],
    ['reload.verify', findEntry(findEntry(value, 'reload')?.value, 'verify')],
  ]
  for (const [key, probe] of probes) {
    for (const type of ['unix', 'file']) {
      const path = findEntry(probe?.value, type)?.value
      if (path?.kind !== 'text' || /^[/@]/.test(path.text) || path.text === '') continue
      const message = `${quote(path.text)} is relative, and the daemon has a cwd`
      const hint = `write ${cwd.text.replace(/\/$/, '')}/${path.text}`
      reportProblem(childLocation(childLocation(location, key), type), path.offset, message, hint)
    }
  }
}
