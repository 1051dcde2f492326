/** pitcrew's own lines, read as what it claims. That they are true is for the checkers to find. */

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
    | 'held'
    | 'skipped'
  /** What follows, where that is said: it is started again in so many milliseconds; or no more. */
  readonly next: number | 'given up' | 'over' | null
  /** The guard that holds it, or whom it needs. */
  readonly other: string
  /** "probably out of memory" */
  readonly isOom: boolean
}

const patterns: readonly (readonly [Claim['what'], RegExp])[] = [
  ['started', /^(?<daemon>[a-z0-9]+): started, pid \d+, run (?<run>\d+)$/],
  ['start-failed', /^(?<daemon>[a-z0-9]+): cannot start \(run (?<run>\d+)\): /],
  ['ready', /^(?<daemon>[a-z0-9]+): ready after .* \(run (?<run>\d+)\)$/],
  ['done', /^(?<daemon>[a-z0-9]+): done, pid \d+, run (?<run>\d+), /],
  ['died', /^(?<daemon>[a-z0-9]+): died: .*, pid \d+, run (?<run>\d+), /],
  ['not-ready', /^(?<daemon>[a-z0-9]+): not ready in time, pid \d+, run (?<run>\d+), /],
  ['not-alive', /^(?<daemon>[a-z0-9]+): not alive, pid \d+, run (?<run>\d+), /],
  ['watchdog', /^(?<daemon>[a-z0-9]+): silent for .*, pid \d+, run (?<run>\d+), /],
  ['stopped', /^(?<daemon>[a-z0-9]+): stopped: .*, pid \d+, run (?<run>\d+)$/],
  [
    'held',
    /^(?<daemon>[a-z0-9]+): stopping it until (?<other>\S+) is ready again \(run (?<run>\d+)\)$/,
  ],
  ['skipped', /^(?<daemon>[a-z0-9]+): not started: it needs (?<other>\S+), which has failed$/],
]

/** null: a line about something else. */
export function claimOf(text: string): Claim | null {
  for (const [what, pattern] of patterns) {
    const groups = pattern.exec(text)?.groups
    if (groups === undefined) continue
    const { daemon = '', run = '0', other = '' } = groups
    const isOom = text.includes(', probably out of memory')
    return { what, daemon, run: Number(run), next: nextOf(text), other, isOom }
  }
  return null
}

function nextOf(text: string): Claim['next'] {
  if (text.includes('; again at once')) return 0
  const again = /; again in ([^,;]*)/.exec(text)
  if (again !== null) return msOf(again[1] ?? '')
  if (text.includes('; given up after ')) return 'given up'
  return /; (restart policy is never|it is the main daemon|it has done its work)/.test(text)
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
