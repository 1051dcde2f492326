/** Probes and self-reports of runs, derived from a trace. */

import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import { linesOf } from '../../notify-fields.ts'
import type { Facts, RunFacts, When } from './facts.ts'
import { kept, lastRun } from './timeline.ts'

/** A probe that is not a command. */
export interface ProbeRecord {
  readonly id: number
  readonly run: RunFacts
  readonly for: 'ready' | 'alive'
  readonly begun: When
  /** Why it could not begin. */
  readonly errno: string | null
  answered: (When & { readonly isGood: boolean }) | null
  cancelled: When | null
  /** The previous and the next probe of any run of this daemon. */
  before: ProbeRecord | null
  next: ProbeRecord | null
}

/** An sd_notify message. */
interface ReportRecord extends When {
  readonly text: string
}

export interface Observations {
  readonly probes: readonly ProbeRecord[]
  readonly selfReports: ReadonlyMap<RunFacts, readonly ReportRecord[]>
  /** Signs that a run is ready. */
  readonly ready: readonly (When & { readonly run: RunFacts })[]
}

export const observationsOf: (facts: Facts) => Observations = kept(read)

export function selfReportsOf(facts: Facts, run: RunFacts): readonly ReportRecord[] {
  return observationsOf(facts).selfReports.get(run) ?? []
}

function read(facts: Facts): Observations {
  const looks = new Map<number, ProbeRecord>()
  const selfReports = new Map<RunFacts, ReportRecord[]>()
  const ready: (When & { run: RunFacts })[] = []
  const newest = new Map<string, ProbeRecord>()
  for (const moment of facts.trace) {
    const { atMs, index } = moment
    const when = { atMs, index }
    if (moment.what === 'look') {
      const run = lastRun(facts, moment.of, index)
      if (run === undefined) continue
      const { id, errno } = moment
      const purpose = purposeOf(run, index)
      const before = newest.get(run.spec.name) ?? null
      const open = { answered: null, cancelled: null, before, next: null }
      const look: ProbeRecord = { id, run, for: purpose, begun: when, errno, ...open }
      if (before !== null) before.next = look
      newest.set(run.spec.name, look)
      looks.set(id, look)
    } else if (moment.what === 'forget') {
      const look = looks.get(moment.id)
      if (look !== undefined) look.cancelled ??= when
    } else if (moment.what === 'call') {
      const { event } = moment
      if (event.type === 'recover') {
        // Results of helpers after a recovery are ignored.
        for (const look of looks.values()) {
          if (look.id < 0 && look.answered === null) look.cancelled ??= when
        }
      } else if (event.type === 'probed' || event.type === 'helper') {
        const look = looks.get(event.type === 'helper' ? -event.id : event.id)
        if (look === undefined || look.cancelled !== null) continue
        const isGood = event.errno === null && isGoodText(look, event.text ?? '')
        look.answered = { ...when, isGood }
        if (isGood && look.for === 'ready') ready.push({ ...when, run: look.run })
      } else if (event.type === 'ready') {
        const run = runOf(facts, event)
        const type = run?.spec.ready?.sign.type
        if (run !== undefined && (type === 'fd' || type === 'log')) ready.push({ ...when, run })
      } else if (event.type === 'notify') {
        const run = runOf(facts, event)
        if (run === undefined) continue
        const said = { ...when, text: linesOf(event.fields).join('\n') }
        const earlier = selfReports.get(run)
        if (earlier === undefined) selfReports.set(run, [said])
        else earlier.push(said)
        const isSign = run.spec.ready?.sign.type === 'notify'
        if (isSign && event.fields.READY === '1') ready.push({ ...when, run })
      }
    }
  }
  for (const { kind, daemon, spawned, exit, kills } of facts.helpers) {
    if (kind !== 'ready' || exit === null || exit.code !== 0 || exit.signal !== 0) continue
    const run = lastRun(facts, daemon.name, spawned.index)
    const wasKilled = kills.some(({ index }) => index < exit.index)
    if (run !== undefined && !wasKilled) ready.push({ ...exit, run })
  }
  return { probes: [...looks.values()], selfReports, ready }
}

function runOf(
  { runsOf }: Facts,
  { daemon, run }: { readonly daemon: string; readonly run: number },
): RunFacts | undefined {
  return runsOf.get(daemon)?.findLast((one) => one.run === run)
}

function purposeOf(run: RunFacts, index: number): ProbeRecord['for'] {
  const { ready, claims, spec } = { ...run, ready: run.spec.ready }
  if (ready === null || !isConnection(ready.sign.type)) return 'alive'
  if (spec.alive === null) return 'ready'
  return claims.some((claim) => claim.what === 'ready' && claim.index < index) ? 'alive' : 'ready'
}

function isConnection(type: string): boolean {
  return type === 'tcp' || type === 'unix' || type === 'http' || type === 'file'
}

function isGoodText({ run, for: purpose }: ProbeRecord, text: string): boolean {
  return probeType(run.spec, purpose) !== 'http' || /^HTTP\/1\.\d [23]\d\d/.test(text)
}

function probeType({ ready, alive }: DaemonSpec, purpose: ProbeRecord['for']): string | undefined {
  return purpose === 'ready' ? ready?.sign.type : alive?.probe.type
}

/** When a run ceased to be up: it exited, was ordered to stop, or was found unhealthy. */
export function upUntil({ exit, stopOrdered, claims }: RunFacts): When | null {
  const fault = claims.find(({ what }) => ['not-ready', 'not-alive', 'watchdog'].includes(what))
  const ends = [exit, stopOrdered, fault].filter(
    (one): one is NonNullable<typeof one> => one != null,
  )
  return ends.toSorted((one, other) => one.index - other.index)[0] ?? null
}

export function claimed(run: RunFacts, what: RunFacts['claims'][number]['what']): When | null {
  return run.claims.find((claim) => claim.what === what) ?? null
}
