/** Whom a daemon waits for before it starts, and for what. */
import type { AfterSpec, DaemonSpec, Until } from '../../core/plan/plan.ts'
import { complain, inside, mismatch, type Place, type Reader, type Reading } from '../location.ts'
import { quote } from '../problems.ts'
import { listOfDifferent, mapOf, oneOf } from '../read.ts'
import { daemonName, noteUse } from '../references.ts'
import type { Entry } from '../tree.ts'

/** [a, b], which means ready, or { a: ready, b: started, c: done }. */
export const after: Reader<AfterSpec[]> = (value, place) => {
  if (value.kind === 'map') return mapOf(afterEntry)(value, place)?.map(([, spec]) => spec)
  const isList = value.kind === 'list'
  if (!isList && value.kind !== 'text') return mismatch(place, value, 'a list or a map')
  const names = listOfDifferent(daemonName)(value, place)
  return names?.map((daemon) => ({ daemon, until: 'ready' }))
}

const until: Reader<Until> = oneOf(['ready', 'started', 'done'])

function afterEntry({ key: daemon, at, value }: Entry, place: Place): AfterSpec | undefined {
  noteUse(daemon, at, place)
  const found = until(value, inside(place, daemon))
  if (found === 'done') place.reading.dones.push({ name: daemon, at: value.at, place })
  return found === undefined ? undefined : { daemon, until: found }
}

/** Only a job is ever done. */
export function checkDones({ dones }: Reading, daemons: readonly KindOf[]): void {
  const kinds = new Map(daemons.map(({ name, kind }) => [name, kind]))
  for (const { name, at, place } of dones) {
    if (kinds.get(name) !== 'daemon' || name === place.daemon) continue
    const message = `${quote(name)} is never done: a daemon is not meant to end`
    const hint = `write ready or started, or give ${quote(name)} kind: job`
    complain(inside(place, name), at, message, hint)
  }
}

/** Of a job, ready means done. @returns `after` as it stands in the plan. */
export function completeAfter(
  after: readonly AfterSpec[],
  jobs: ReadonlySet<string>,
): readonly AfterSpec[] {
  return after.map(({ daemon, until }) => ({
    daemon,
    until: until === 'ready' && jobs.has(daemon) ? 'done' : until,
  }))
}

type KindOf = Pick<DaemonSpec, 'name' | 'kind'>
