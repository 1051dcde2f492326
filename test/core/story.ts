/** Stories: events played against the core, with the changes and effects as aligned text.
 *
 *  spawned web 1: pid 7  web: running, run 1, pid 7   report started, spawn db 1
 *
 *  The columns: the time, if it moves; the event; the daemons that it changed; the effects (in
 *  lines after ">" where there is no room). Disarming an unarmed timer is left out, and so is the
 *  end of the shutdown's ticket. Each story is also checked for its processes, timers and tickets:
 *  see `StoryChecks`. */
import { expect } from 'vitest'
import type { Daemon } from '../../src/core/daemon/phases.ts'
import type { Effect, Note } from '../../src/core/effect.ts'
import type { Event } from '../../src/core/event.ts'
import type { Plan } from '../../src/core/plan/plan.ts'
import { initialState } from '../../src/core/supervisor/state.ts'
import type { StepContext } from '../../src/core/supervisor/step-context.ts'
import { step } from '../../src/core/supervisor/supervisor.ts'
import { describeDaemon, describeEvent } from '../../src/core/text/describe.ts'
import { describeEffect } from '../../src/init/perform/effects.ts'
import { type Beat, spawned, toEvent } from './events.ts'
import { StoryChecks } from './story-checks.ts'

// Quotes around a story would shift its first line.
expect.addSnapshotSerializer({
  test: (value) => typeof value === 'string',
  serialize: (value) => value,
})

/** The width of a snapshot inside of a test of 100 columns. */
const width = 94
/** The least width for a column of effects. */
const roomyWidth = 36

interface Row {
  readonly atMs: number
  readonly event: string
  readonly changes: readonly string[]
  readonly effects: readonly string[]
}

/** Plays a story from the beginning, or from a Game. */
export function story(from: Plan | Game, ...beats: Beat[]): string {
  const game = from instanceof Game ? from : new Game(from)
  return game.play(...beats).text
}

/** A game in which all daemons of the plan are running, with pids from 7 on. */
export function up(plan: Plan): Game {
  const game = new Game(plan).play('boot')
  const { start } = game.state.order
  const toSpawn = [...game.effects]
  for (let effect = toSpawn.shift(); effect !== undefined; effect = toSpawn.shift()) {
    if (effect.type !== 'spawn') continue
    game.play(spawned(effect.daemon, 1, 7 + start.indexOf(effect.daemon)))
    toSpawn.push(...game.effects)
  }
  return game.given()
}

/** The time at which a story begins; not zero, which has no meaning. Stories show times since
 *  then. */
export const beginMs = 1_000_000

export class Game {
  readonly state: StepContext
  nowMs: number = beginMs
  /** Of the last event. */
  effects: readonly Effect[] = []
  #rows: Row[] = []
  #daemons: Map<string, Daemon> = new Map()
  readonly #watch: StoryChecks = new StoryChecks()

  constructor(plan: Plan) {
    this.state = initialState(plan)
    this.#daemons = new Map(this.state.daemons)
  }

  play(...beats: Beat[]): this {
    for (const beat of beats) {
      const isLater = typeof beat === 'object' && 'event' in beat
      if (isLater) this.nowMs += beat.afterMs
      const event = isLater ? beat.event : toEvent(beat)
      if (event.type === 'elapsed') {
        this.nowMs = Math.max(this.nowMs, this.#watch.dueMs(event.timer) ?? this.nowMs)
      }
      this.#step({ ...event, atMs: this.nowMs })
    }
    return this
  }

  /** Replaces the rows so far by one line for each daemon. */
  given(): this {
    const changes = [...this.state.daemons.values()].map(describeDaemon)
    this.#rows = [{ atMs: this.nowMs, event: 'given', changes, effects: [] }]
    return this
  }

  daemon(name: string): Daemon {
    return this.state.daemons.get(name) as Daemon
  }

  get text(): string {
    return toText(this.#rows)
  }

  /** With the sweep that follows, as the loop does it. */
  #step(event: Event): void {
    const effects = [...this.#stepOnce(event)]
    while (this.state.sweep !== null) {
      effects.push(...this.#stepOnce({ type: 'continue', atMs: event.atMs }))
    }
    this.effects = effects
  }

  #stepOnce(event: Event): readonly Effect[] {
    const effects = step(this.state, event)
    const heard = this.#watch.step(event, effects, this.state)
    this.#rows.push({
      atMs: event.atMs,
      event: describeEvent(event),
      changes: this.#changes(),
      effects: heard.filter((effect) => !isOfTheEnd(effect)).map(wordsOf),
    })
    return effects
  }

  #changes(): string[] {
    const changes: string[] = []
    for (const [name, daemon] of this.state.daemons) {
      const before = this.#daemons.get(name)
      this.#daemons.set(name, daemon)
      if (before !== daemon && before !== undefined) {
        const words = describeDaemon(daemon)
        if (words !== describeDaemon(before)) changes.push(words)
      }
    }
    return changes
  }
}

/** The end of the shutdown's ticket, which has stories of its own. */
function isOfTheEnd(effect: Effect): boolean {
  if (effect.type !== 'report' || effect.note.kind !== 'ticket') return false
  return effect.note.ticket.outcome.kind === 'ended'
}

/** As in traces, but notes with their content. */
function wordsOf(effect: Effect): string {
  return effect.type === 'report' ? gistOf(effect.note) : describeEffect(effect)
}

function gistOf(note: Note): string {
  switch (note.kind) {
    case 'ticket': {
      const { id, requests, outcome } = note.ticket
      const asked = requests > 1 ? ` (${requests} requests)` : ''
      const by = outcome.kind === 'done' && outcome.now !== null ? ` by run ${outcome.now.run}` : ''
      const how = `${outcome.kind}${by}`
      return `report ticket ${id}${asked} ${how}`
    }
    case 'signal-ignored':
      return `report ${note.signal} ignored, ${note.times} so far`
    case 'deadline-missed':
      return `report deadline missed: ${note.daemons.join(' ')}`
    default:
      return `report ${note.kind}`
  }
}

function toText(rows: readonly Row[]): string {
  const timeMoves = rows.some(({ atMs }) => atMs !== rows[0]?.atMs)
  const heads = rows.map((row) =>
    timeMoves ? [msText(row.atMs - beginMs), row.event] : [row.event],
  )
  const headWidths = (heads[0] ?? []).map((_, column) =>
    widest(heads.map((head) => head[column] ?? '')),
  )
  const changeWidth = widest(rows.flatMap(({ changes }) => changes))
  const bodyWidth = width - headWidths.reduce((sum, one) => sum + one + 2, 0)
  const isRoomy = bodyWidth - changeWidth - 2 >= roomyWidth
  return rows
    .flatMap(({ changes, effects }, index) => {
      const body = isRoomy
        ? besideEachOther(changes, changeWidth, fill(effects, bodyWidth - changeWidth - 2))
        : [...changes, ...hang(fill(effects, bodyWidth - 2))]
      return Array.from({ length: Math.max(1, body.length) }, (_, line) => {
        const head = headWidths.map((one, column) =>
          (line === 0 ? (heads[index]?.[column] ?? '') : '').padEnd(one),
        )
        return [...head, body[line] ?? ''].join('  ').trimEnd()
      })
    })
    .join('\n')
}

function msText(ms: number): string {
  return `${Math.round(ms)} ms`
}

function besideEachOther(left: readonly string[], leftWidth: number, right: readonly string[]) {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, line) =>
    `${(left[line] ?? '').padEnd(leftWidth)}  ${right[line] ?? ''}`.trimEnd(),
  )
}

/** Puts effects below the changes where there is no room beside them. */
function hang(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `> ${line}` : `  ${line}`))
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length))
}

/** Joins with commas, on as many lines as needed. */
function fill(words: readonly string[], lineWidth: number): string[] {
  const lines: string[] = []
  words.forEach((word, index) => {
    const text = index < words.length - 1 ? `${word},` : word
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + text.length <= lineWidth) {
      lines[lines.length - 1] = `${last} ${text}`
    } else lines.push(text)
  })
  return lines
}
