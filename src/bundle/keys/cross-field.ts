/** Keys of one daemon that contradict each other: what no reader of a single key can see. */
import type { DaemonSpec } from '../../core/plan/plan.ts'
import { complain, inside, type Place } from '../location.ts'
import { quote } from '../problems.ts'
import { entryOf, type Value } from '../tree.ts'
import type { Restart } from './restart.ts'

/** What is known of a daemon; undefined = not written, or not readable. */
export interface Known {
  readonly kind?: DaemonSpec['kind'] | undefined
  readonly main?: boolean | undefined
  readonly guard?: boolean | undefined
  readonly optional?: boolean | undefined
  readonly restart?: Partial<Restart> | undefined
}

export function checkTogether(value: Value, known: Known, place: Place): void {
  checkJob(value, known, place)
  checkPolicy(value, known, place)
  checkPaths(value, place)
  const optional = entryOf(value, 'optional')
  if (known.guard && known.optional && optional !== undefined) {
    const hint = 'a guard that may fail guards nothing: remove one of the two'
    complain(place, optional.at, 'guard and optional at once', hint)
  }
}

/** What looks at a daemon in its middle age has nothing to see in a job. */
function checkJob(value: Value, { kind }: Known, place: Place): void {
  if (kind !== 'job') return
  for (const key of ['ready', 'alive', 'watchdog']) {
    const entry = entryOf(value, key)
    const hint = 'remove it: a job is done when it has ended well, and others may wait for that'
    if (entry !== undefined) complain(inside(place, key), entry.at, 'not for a job', hint)
  }
}

const onlyWithRestarts = ['backoff', 'limit', 'calm', 'then']

function checkPolicy(value: Value, { kind, main, restart }: Known, place: Place): void {
  const entry = entryOf(value, 'restart')
  if (entry === undefined || restart === undefined) return
  const within = inside(place, 'restart')
  const { policy } = restart
  if (main && policy !== undefined && policy !== 'never') {
    const hint = 'main ends pitcrew with it: write never, or remove main: true'
    return complain(within, entry.at, `${quote(policy)} is not for the main daemon`, hint)
  }
  if (kind === 'job' && policy === 'always') {
    const hint = 'a job is meant to end: write on-failure, or never'
    return complain(within, entry.at, '"always" is not for a job', hint)
  }
  if (policy === 'never' || (policy === undefined && (main || kind === 'job'))) {
    const hint = main
      ? 'remove it: main ends pitcrew with it'
      : `remove it, or write policy: ${kind === 'job' ? 'on-failure' : 'always'}`
    const idle = onlyWithRestarts.map((key) => entryOf(entry.value, key))
    for (const found of idle) {
      if (found === undefined) continue
      complain(inside(within, found.key), found.at, 'has no effect with policy never', hint)
    }
    return
  }
  const then = entryOf(entry.value, 'then')
  if (then !== undefined && restart.then === 'shutdown' && isUnlimited(entry.value)) {
    const hint = 'add a limit, such as limit: 5 in 1m'
    complain(inside(within, 'then'), then.at, 'without a limit it is never given up', hint)
  }
}

/** Also when the limit could not be read: that is a problem of its own. */
function isUnlimited(restart: Value): boolean {
  const limit = entryOf(restart, 'limit')?.value
  return limit === undefined || (limit.kind === 'text' && limit.text === 'none')
}

/** pitcrew looks from its own working directory, which is not the daemon's then. */
function checkPaths(value: Value, place: Place): void {
  const cwd = entryOf(value, 'cwd')?.value
  if (cwd?.kind !== 'text') return
  for (const key of ['ready', 'alive']) {
    for (const type of ['unix', 'file']) {
      const path = entryOf(entryOf(value, key)?.value, type)?.value
      if (path?.kind !== 'text' || /^[/@]/.test(path.text) || path.text === '') continue
      const message = `${quote(path.text)} is not a whole path, and the daemon has a cwd`
      const hint = `write ${cwd.text.replace(/\/$/, '')}/${path.text}`
      complain(inside(inside(place, key), type), path.at, message, hint)
    }
  }
}
