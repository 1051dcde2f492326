/** `after`: the daemons that a daemon waits for before it starts, and in which state. */
import type { AfterSpec, DaemonSpec, Until } from '../../core/plan/plan.ts'
import {
  childLocation,
  type Location,
  type ReadContext,
  type Reader,
  reportMismatch,
  reportProblem,
} from '../location.ts'
import { quote } from '../problems.ts'
import { mapOf, oneOf, uniqueList } from '../read.ts'
import { addReference, daemonName } from '../references.ts'
import type { Entry } from '../tree.ts'

/** `[a, b]`, which means ready, or `{ a: ready, b: started, c: done }`. */
export const after: Reader<AfterSpec[]> = (value, location) => {
  if (value.kind === 'map') return mapOf(afterEntry)(value, location)?.map(([, spec]) => spec)
  const isList = value.kind === 'list'
  if (!isList && value.kind !== 'text') return reportMismatch(location, value, 'a list or a map')
  const names = uniqueList(daemonName)(value, location)
  return names?.map((daemon) => ({ daemon, until: 'ready' }))
}

const until: Reader<Until> = oneOf(['ready', 'started', 'done'])

function afterEntry(
  { key: daemon, offset, value }: Entry,
  location: Location,
): AfterSpec | undefined {
  addReference(daemon, offset, location)
  const found = until(value, childLocation(location, daemon))
  if (found === undefined) return
  if (found === 'done') {
    location.context.doneReferences.push({ name: daemon, offset: value.offset, location })
  }
  return { daemon, until: found }
}

/** Reports `done` for a daemon that is not a job. */
export function checkDoneReferences(
  { doneReferences }: ReadContext,
  daemons: readonly KindOf[],
): void {
  const kinds = new Map(daemons.map(({ name, kind }) => [name, kind]))
  for (const { name, offset, location } of doneReferences) {
    if (kinds.get(name) !== 'daemon' || name === location.daemon) continue
    const message = `${quote(name)} is never done: it is not a job`
    const hint = `wait for ready or started, or set kind: job for ${quote(name)}`
    reportProblem(childLocation(location, name), offset, message, hint)
  }
}

/** Replaces ready by done for jobs. @returns `after` for the plan. */
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
