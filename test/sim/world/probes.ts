/** Probes, modelled on native/health/probe.c, and probes of paths by helpers
 *  (native/helper/helper.c): the run at an address answers as its life describes, some time
 *  later. The id of a helper's probe is negative. */

import type { HostEvent, ProbeSpec } from '../../../src/host/host.ts'
import type { Errno } from '../../../src/host/system.ts'
import type { Agenda } from './agenda.ts'
import type { Process } from './kernel.ts'
import { never, type ProbeBehaviour } from './schedule.ts'

type Found = Extract<HostEvent, { type: 'probed' | 'helper' }>

/** It begins; or, with only an id, it is cancelled. */
type ProbeNote =
  | { readonly id: number; readonly of: string; readonly errno: Errno | null }
  | { readonly id: number }

/** The port of d0; that of d1 is the next one. */
export const firstPort = 1000

export class Probes {
  readonly #agenda: Agenda
  readonly #note: (note: ProbeNote) => void
  /** The latest run of each daemon, which answers at its address. */
  readonly #there: Map<string, { leader: Process; seen: ProbeBehaviour; sinceMs: number }> =
    new Map()
  readonly #open: Set<number> = new Set()
  #found: Found[] = []

  constructor(agenda: Agenda, note: (note: ProbeNote) => void) {
    this.#agenda = agenda
    this.#note = note
  }

  /** Adds a new run. */
  add(daemon: string, leader: Process, seen: ProbeBehaviour): void {
    this.#there.set(daemon, { leader, seen, sinceMs: this.#agenda.nowMs })
  }

  begin(id: number, spec: ProbeSpec): Errno | null {
    if (spec.type === 'unix') return 'EINVAL' // Paths are probed by helpers, and there are no other unix sockets.
    return this.#begin(id, `d${spec.port - firstPort}`, never)
  }

  /** Probes the path of a file or a socket: "/run/d0", "/run/d0.ready". */
  beginTask(task: number, path: string, timeoutMs: number): Errno | null {
    const [of] = path.slice('/run/'.length).split('.')
    return this.#begin(-task, of as string, timeoutMs)
  }

  #begin(id: number, of: string, timeoutMs: number): Errno | null {
    const seen = this.#there.get(of)?.seen
    const errno = seen?.errno ?? null
    this.#note({ id, of, errno })
    if (errno !== null) return errno
    this.#open.add(id)
    const tookMs = seen?.tookMs ?? 0
    if (tookMs < timeoutMs) this.#agenda.after(tookMs, () => this.#answer(id, of))
    else if (timeoutMs < never) this.#agenda.after(timeoutMs, () => this.#timeOut(id))
    return null
  }

  forget(id: number): void {
    this.#note({ id })
    this.#open.delete(id)
    this.#found = this.#found.filter((found) => numberOf(found) !== id)
  }

  #timeOut(id: number): void {
    if (this.#open.delete(id)) this.#found.push(endOf(id, 'ETIMEDOUT'))
  }

  #answer(id: number, of: string): void {
    const there = this.#there.get(of)
    if (!this.#open.delete(id) && !there?.seen.isLate) return
    const isWell = there !== undefined && this.#isWell(there)
    const text = isWell ? there.seen.answer : ''
    const errno = isWell ? null : 'ECONNREFUSED'
    this.#found.push(id < 0 ? endOf(id, errno) : { type: 'probed', id, errno, text })
  }

  #isWell({
    leader,
    seen,
    sinceMs,
  }: {
    leader: Process
    seen: ProbeBehaviour
    sinceMs: number
  }): boolean {
    const afterMs = this.#agenda.nowMs - sinceMs
    const isUp = afterMs >= seen.fromMs && afterMs < seen.untilMs
    return leader.state === 'alive' && isUp && Math.floor(afterMs / seen.flapMs) % 2 === 0
  }

  get isPending(): boolean {
    return this.#found.length > 0
  }

  next(): Found | undefined {
    return this.#found.shift()
  }
}

function endOf(id: number, errno: string | null): Found {
  const timedOut = errno === 'ETIMEDOUT'
  return { type: 'helper', id: -id, errno, code: 0, signal: 0, timedOut, text: '' }
}

function numberOf({ type, id }: Found): number {
  return type === 'helper' ? -id : id
}
