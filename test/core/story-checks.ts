/** Checks that hold in every story: never two runs of a daemon at once, no signal to a run that is
 *  over, no timer of a run that is over (except for that of its output), no spawn in a shutdown. */
import type { Effect } from '../../src/core/effect.ts'
import { type Event, type RunTimer, type Timer, timerKey } from '../../src/core/event.ts'
import type { State } from '../../src/core/supervisor/state.ts'
import { TicketChecks } from './ticket-checks.ts'

export class StoryChecks {
  /** Runs that are not over; a spawn counts when it is ordered. */
  readonly #alive: Set<string> = new Set()
  readonly #tickets: TicketChecks = new TicketChecks()
  readonly #timers: Map<string, { timer: Timer; atMs: number }> = new Map()

  dueMs(timer: Timer): number | undefined {
    return this.#timers.get(timerKey(timer))?.atMs
  }

  /** @returns The effects without those that change nothing. */
  step(event: Event, effects: readonly Effect[], state: State): Effect[] {
    this.#hear(event)
    this.#tickets.step(event, effects, state)
    const heard = effects.filter((effect) => this.#do(effect, event.atMs, state))
    for (const { timer } of this.#timers.values()) {
      check(isNeeded(timer, state), `${timer.kind} of ${timerKey(timer)} is armed`)
    }
    return heard
  }

  #hear(event: Event): void {
    if (event.type === 'elapsed') this.#timers.delete(timerKey(event.timer))
    if (event.type === 'spawned') this.#alive.add(runKey(event))
    if (event.type === 'spawn-failed') this.#alive.delete(runKey(event))
    if (event.type === 'gone' || (event.type === 'exited' && event.gone)) {
      this.#alive.delete(runKey(event))
    }
    if (event.type !== 'reconcile') return
    this.#alive.clear()
    for (const live of event.live) if (!live.gone) this.#alive.add(runKey(live))
  }

  /** @returns False for an effect that changes nothing. */
  #do(effect: Effect, atMs: number, state: State): boolean {
    switch (effect.type) {
      case 'arm':
        check(effect.afterMs >= 0, `armed for ${effect.afterMs} ms`)
        this.#timers.set(timerKey(effect.timer), {
          timer: effect.timer,
          atMs: atMs + effect.afterMs,
        })
        return true
      // The service manager above pitcrew has stories of its own.
      case 'announce':
        return false
      case 'disarm':
        return this.#timers.delete(timerKey(effect.timer))
      case 'signal':
        check(
          this.#alive.has(runKey(effect)),
          `${effect.signal} to ${runKey(effect)}, which is over`,
        )
        return true
      case 'spawn': {
        const others = [...this.#alive].filter(
          (key) => key !== runKey(effect) && key.startsWith(`${effect.daemon} `),
        )
        check(others.length === 0, `${runKey(effect)} is spawned beside ${others.join()}`)
        check(state.shutdown === null, `${runKey(effect)} is spawned in the shutdown`)
        this.#alive.add(runKey(effect))
        return true
      }
      default:
        return true
    }
  }
}

function isNeeded(timer: Timer, state: State): boolean {
  if (!('daemon' in timer)) {
    return timer.kind === 'waiting'
      ? state.inPhase.waiting > 0
      : state.shutdown !== null && !state.finished
  }
  if (timer.kind === 'linger') return true
  const daemon = state.daemons.get(timer.daemon)
  if (state.finished) return true
  if (daemon === undefined || daemon.run !== timer.run) return false
  return timerPhases[timer.kind].includes(daemon.phase)
}

const timerPhases: Readonly<Record<Exclude<RunTimer['kind'], 'linger'>, string[]>> = {
  ready: ['running'],
  watchdog: ['running'],
  escalate: ['terminating'],
  grace: ['terminating'],
  stuck: ['killing'],
  backoff: ['backoff'],
}

function runKey({ daemon, run }: { readonly daemon: string; readonly run: number }): string {
  return `${daemon} ${run}`
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the story breaks a promise: ${what}`)
}
