/** Keys of one daemon that contradict each other: what no reader of a single key can see. */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { childLocation, type Location, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { findEntry, type Value } from '../tree.ts'
import type { Restart } from './restart.ts'

/** What is known of a daemon; undefined = not written, or not readable. */
export interface DaemonKeys {
  readonly kind?: DaemonSpec['kind'] | undefined
  readonly main?: boolean | undefined
  readonly guard?: boolean | undefined
  readonly optional?: boolean | undefined
  readonly restart?: Partial<Restart> | undefined
}

export function checkCrossField(value: Value, keys: DaemonKeys, location: Location): void {
  checkJob(value, keys, location)
  checkRestart(value, keys, location)
  checkProbePaths(value, location)
  const optional = findEntry(value, 'optional')
  if (keys.guard && keys.optional && optional !== undefined) {
    const hint = 'a guard that may fail guards nothing: remove one of the two'
    reportProblem(location, optional.offset, 'guard and optional at once', hint)
  }
}

/** What looks at a daemon in its middle age has nothing to see in a job. */
function checkJob(value: Value, { kind }: DaemonKeys, location: Location): void {
  if (kind !== 'job') return
  for (const key of ['ready', 'alive', 'watchdog']) {
    const entry = findEntry(value, key)
    const hint = 'remove it: a job is done when it has ended well, and others may wait for that'
    if (entry !== undefined)
      reportProblem(childLocation(location, key), entry.offset, 'not for a job', hint)
  }
}

const onlyWithRestarts = ['backoff', 'limit', 'calm', 'then']

function checkRestart(value: Value, { kind, main, restart }: DaemonKeys, location: Location): void {
  const entry = findEntry(value, 'restart')
  if (entry === undefined || restart === undefined) return
  const within = childLocation(location, 'restart')
  const { policy } = restart
  if (main && policy !== undefined && policy !== 'never') {
    const hint = 'main ends pitcrew with it: write never, or remove main: true'
    return reportProblem(within, entry.offset, `${quote(policy)} is not for the main daemon`, hint)
  }
  if (kind === 'job' && policy === 'always') {
    const hint = 'a job is meant to end: write on-failure, or never'
    return reportProblem(within, entry.offset, '"always" is not for a job', hint)
  }
  if (policy === 'never' || (policy === undefined && (main || kind === 'job'))) {
    const hint = main
      ? 'remove it: main ends pitcrew with it'
      : `remove it, or write policy: ${kind === 'job' ? 'on-failure' : 'always'}`
    const idle = onlyWithRestarts.map((key) => findEntry(entry.value, key))
    for (const found of idle) {
      if (found === undefined) continue
      reportProblem(
        childLocation(within, found.key),
        found.offset,
        'has no effect with policy never',
        hint,
      )
    }
    return
  }
  const then = findEntry(entry.value, 'then')
  if (then !== undefined && restart.then === 'shutdown' && isUnlimited(entry.value)) {
    const hint = 'add a limit, such as limit: 5 in 1m'
    reportProblem(
      childLocation(within, 'then'),
      then.offset,
      'without a limit it is never given up',
      hint,
    )
  }
}

/** Also when the limit could not be read: that is a problem of its own. */
function isUnlimited(restart: Value): boolean {
  const limit = findEntry(restart, 'limit')?.value
  return limit === undefined || (limit.kind === 'text' && limit.text === 'none')
}

/** pitcrew looks from its own working directory, which is not the daemon's then. */
function checkProbePaths(value: Value, location: Location): void {
  const cwd = findEntry(value, 'cwd')?.value
  if (cwd?.kind !== 'text') return
  for (const key of ['ready', 'alive']) {
    for (const type of ['unix', 'file']) {
      const path = findEntry(findEntry(value, key)?.value, type)?.value
      if (path?.kind !== 'text' || /^[/@]/.test(path.text) || path.text === '') continue
      const message = `${quote(path.text)} is not a whole path, and the daemon has a cwd`
      const hint = `write ${cwd.text.replace(/\/$/, '')}/${path.text}`
      reportProblem(childLocation(childLocation(location, key), type), path.offset, message, hint)
    }
  }
}
