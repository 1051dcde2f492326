/** Events that wait for their step. Bounded: of the status reports of a run, only the newest of
 *  each kind is kept. A request for a shutdown goes to the front. */
import type { Event, Exit, LiveRun } from '../../core/event.ts'

/** An event that gets its time when it is queued. */
export type UntimedEvent<T extends Event['type'] = Event['type']> = WithoutTime<
  Extract<Event, { type: T }>
>
type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs'> : never

export class EventQueue {
  #events: Event[] = []
  /** Events that a newer event with the same key replaces. */
  readonly #replaceable: Map<string, Event> = new Map()
  /** Ends of runs that were queued, and not yet stepped, when a call failed. */
  readonly #lostEnds: Map<string, LiveRun> = new Map()

  get size(): number {
    return this.#events.length
  }

  /** It stays in the queue until `remove`: a failing step must not lose it. */
  get first(): Event | undefined {
    return this.#events[0]
  }

  push(event: Event): void {
    switch (event.type) {
      case 'watchdog-ping':
      case 'status-reported':
        return this.#replace(event)
      case 'signal':
      case 'request':
        if (isShutdown(event)) return this.pushFirst(event)
    }
    this.#events.push(event)
  }

  #replace(event: Replaceable): void {
    const key = keyOf(event)
    const older = this.#replaceable.get(key)
    this.#replaceable.set(key, event)
    if (older === undefined) this.#events.push(event)
    else this.#events[this.#events.indexOf(older)] = event
  }

  /** Behind all waiting events, also if it is a shutdown. */
  pushLast(event: Event): void {
    this.#events.push(event)
  }

  pushFirst(event: Event): void {
    this.#events.unshift(event)
  }

  remove(event: Event): void {
    if (event === this.#events[0]) this.#events.shift()
    else {
      const at = this.#events.indexOf(event)
      if (at >= 0) this.#events.splice(at, 1)
    }
    if (event.type !== 'watchdog-ping' && event.type !== 'status-reported') return
    const key = keyOf(event)
    if (this.#replaceable.get(key) === event) this.#replaceable.delete(key)
  }

  /** After a failure: drops all events and keeps the ends of runs, which the host may have
   *  forgotten.
   *  @param compared The live runs of a reconciliation that was in progress. */
  clear(compared: Iterable<LiveRun> = []): void {
    for (const run of compared)
      if (run.exit !== null && run.gone) this.#lostEnds.set(keyOfRun(run), run)
    for (const run of exitsIn(this.#events)) this.#lostEnds.set(keyOfRun(run), run)
    this.#events = []
    this.#replaceable.clear()
  }

  /** Adds the ends of runs that the host has forgotten. Each is returned once. */
  withEnds(live: readonly LiveRun[]): readonly LiveRun[] {
    if (this.#lostEnds.size === 0) return live
    for (const run of live) this.#lostEnds.delete(keyOfRun(run))
    const all = [...live, ...this.#lostEnds.values()]
    this.#lostEnds.clear()
    return all
  }
}

function keyOfRun({ daemon, run }: { readonly daemon: string; readonly run: number }): string {
  return `${daemon}:${run}`
}

/** Whether an event goes before all others. */
export function isShutdown(event: Event): boolean {
  if (event.type === 'request') return event.verb === 'shutdown'
  if (event.type !== 'signal') return false
  return event.hangup || event.signal === 'TERM' || event.signal === 'INT'
}

/** A newer event with the same key replaces it. */
type Replaceable = Extract<Event, { type: 'watchdog-ping' | 'status-reported' }>

function keyOf(event: Replaceable): string {
  const { daemon, run } = event
  if (event.type === 'status-reported') return `status ${event.change}:${daemon}:${run}`
  return `${event.extendMs === null ? 'watchdog-ping' : 'extended'}:${daemon}:${run}`
}

function exitsIn(events: readonly Event[]): readonly LiveRun[] {
  const pids = new Map<string, number>()
  const ready = new Set<string>()
  const ends = new Map<string, LiveRun>()
  const keep = (daemon: string, run: number, pid: number, exit: Exit, isReady: boolean): void => {
    ends.set(keyOfRun({ daemon, run }), { daemon, run, pid, exit, gone: true, ready: isReady })
  }
  for (const event of events) {
    const key = 'run' in event ? keyOfRun(event) : ''
    if (event.type === 'spawned') pids.set(key, event.pid)
    else if (event.type === 'ready') ready.add(key)
    else if (event.type === 'exited') {
      const { daemon, run, code, signal, failure } = event
      const exit = failure === undefined ? { code, signal } : { code, signal, failure }
      keep(daemon, run, pids.get(key) ?? 0, exit, ready.has(key))
    } else if (event.type === 'reconcile') {
      for (const { daemon, run, pid, exit, ready: isReady } of event.live) {
        if (exit !== null) keep(daemon, run, pid, exit, isReady)
      }
    }
  }
  return [...ends.values()]
}
