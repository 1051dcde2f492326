/** Parses pitcrew's log lines to claims. The checkers verify them. */
import type { When } from './facts.ts'

export interface Claim {
  readonly daemon: string
  readonly run: number
  readonly what:
    | 'started'
    | 'start-failed'
    | 'ready'
    | 'done'
    | 'died'
    | 'not-ready'
    | 'not-alive'
    | 'watchdog'
    | 'stopped'
    | 'stuck'
    | 'held'
    | 'skipped'
  /** What follows, if the line has it: the delay of the restart in milliseconds, or that there
   *  is none. */
  readonly next: number | 'given up' | 'over' | null
  /** The guard that holds it, or the dependency that has failed. */
  readonly other: string
  /** "probably out of memory" */
  readonly isOom: boolean
  /** The whole line. */
  readonly text: string
}

/** By the first word after the name of the daemon. */
const patterns: Readonly<Record<string, readonly (readonly [Claim['what'], RegExp])[]>> = {
  'started,': [['started', /^started, pid \d+, run (?<run>\d+)$/]],
  cannot: [['start-failed', /^cannot start \(run (?<run>\d+)\): /]],
  ready: [['ready', /^ready after .* \(run (?<run>\d+)\)$/]],
  'done,': [['done', /^done, pid \d+, run (?<run>\d+), /]],
  'died:': [['died', /^died: .*, pid \d+, run (?<run>\d+), /]],
  not: [
    ['not-ready', /^not ready in time, pid \d+, run (?<run>\d+), /],
    ['not-alive', /^not alive, pid \d+, run (?<run>\d+), /],
    ['skipped', /^not started: it needs (?<other>\S+), which has failed$/],
  ],
  failed: [['watchdog', /^failed by its own report .*, pid \d+, run (?<run>\d+), /]],
  silent: [['watchdog', /^silent for .*, pid \d+, run (?<run>\d+), /]],
  still: [['stuck', /^still running after KILL \(run (?<run>\d+)\)$/]],
  'stopped:': [['stopped', /^stopped: .*, pid \d+, run (?<run>\d+)$/]],
  stopping: [
    ['held', /^stopping it until its guard (?<other>\S+) is ready again \(run (?<run>\d+)\)$/],
  ],
}
const head = /^(?<daemon>[a-z0-9]+): (?<first>\S+)/

/** null: the line makes no claim. */
export function claimOf(text: string, { atMs, index }: When): (When & Claim) | null {
  const { daemon = '', first = '' } = head.exec(text)?.groups ?? {}
  const words = text.slice(daemon.length + 2)
  for (const [what, pattern] of patterns[first] ?? []) {
    const groups = pattern.exec(words)?.groups
    if (groups === undefined) continue
    const { run = '0', other = '' } = groups
    const isOom = words.includes(', probably out of memory')
    const next = nextOf(words)
    return { what, daemon, run: Number(run), next, other, isOom, text, atMs, index }
  }
  return null
}

function nextOf(text: string): Claim['next'] {
  if (text.includes('; restarting at once')) return 0
  const again = /; restarting in ([^,;]*)/.exec(text)
  if (again !== null) return msOf(again[1] ?? '')
  if (text.includes('; given up after ')) return 'given up'
  return /; (restart policy is never|the main daemon is not restarted|its work is done)/.test(text)
    ? 'over'
    : null
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }

/** "1 min 30.5 s" */
function msOf(text: string): number {
  const parts = text.split(' ')
  let ms = 0
  for (let at = 0; at + 1 < parts.length; at += 2) {
    ms += Number(parts[at]) * (units[parts[at + 1] ?? ''] ?? Number.NaN)
  }
  return ms
}
