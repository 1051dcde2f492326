/** Who may start: all that can start, starts. A daemon waits until what it is `after` is there;
 *  it is skipped when that has failed for good, and started after all when it comes back. Behind a
 *  guard it may run only as long as the guard is ready.
 *
 *  Whenever a daemon has changed, those after it are looked at: never all of them. */

import { standing } from '../daemon/dependency-state.ts'
import type { Daemon, DaemonEvent } from '../daemon/phases.ts'
import type { Draft } from './step-context.ts'

/** How a daemon is told something, with all its consequences. */
export type Tell = (draft: Draft, name: string, event: DaemonEvent) => void

/** How many are spawned in one step. The next batch follows when all of this one have answered: a
 *  signal never waits behind a thousand starts. */
const batchMax = 8

/** Whom a daemon waits for, first of all; or who has failed it. */
type Outlook =
  | { readonly kind: 'clear' }
  | { readonly kind: 'waits' | 'failed'; readonly for: string }

const clear: Outlook = { kind: 'clear' }

function outlook(draft: Draft, daemon: Daemon): Outlook {
  let waitsFor: Outlook = clear
  for (const { daemon: name, until } of daemon.spec.after) {
    const other = draft.daemons.get(name)
    if (other === undefined) continue // Not selected.
    const stands = standing(other, until)
    if (stands === 'failed' && !other.spec.optional) return { kind: 'failed', for: name }
    if (stands === 'not yet' && waitsFor === clear) waitsFor = { kind: 'waits', for: name }
  }
  return waitsFor
}

/** Looks at those whom the changes of this step may concern, and at those whom that changes …
 *  Whoever is failed is skipped when nothing else is to be followed: who failed it may come back in
 *  the same step. */
export function followChanges(draft: Draft, tell: Tell): void {
  const failed: string[] = []
  do {
    for (; draft.followed < draft.changed.length; draft.followed++) {
      if (draft.isEnding) return
      follow(draft, draft.changed[draft.followed] as string, failed, tell)
    }
    const name = failed.pop()
    if (name !== undefined) skipIfFailed(draft, name, tell)
  } while (failed.length > 0 || draft.followed < draft.changed.length)
}

function follow(draft: Draft, name: string, failed: string[], tell: Tell): void {
  const daemon = draft.daemons.get(name) as Daemon
  if (daemon.phase === 'waiting') look(draft, daemon, failed, tell)
  for (const dependent of draft.state.order.dependents.get(name) ?? []) {
    const other = draft.daemons.get(dependent) as Daemon
    if (daemon.spec.guard) holdBehind(draft, daemon, other, tell)
    look(draft, other, failed, tell)
  }
}

function skipIfFailed(draft: Draft, name: string, tell: Tell): void {
  const daemon = draft.daemons.get(name)
  if (daemon?.phase !== 'waiting') return
  const sees = outlook(draft, daemon)
  if (sees.kind === 'failed') {
    tell(draft, name, { type: 'skip', needs: sees.for, atMs: draft.atMs })
  }
}

function look(draft: Draft, daemon: Daemon, failed: string[], tell: Tell): void {
  const { atMs } = draft
  const { name } = daemon.spec
  if (daemon.phase === 'waiting') {
    const sees = outlook(draft, daemon)
    if (sees.kind === 'clear') draft.queue.push(name)
    if (sees.kind === 'failed') failed.push(name)
  } else if (daemon.phase === 'stopped' && daemon.end === 'skipped') {
    if (outlook(draft, daemon).kind !== 'failed') tell(draft, name, { type: 'start', atMs })
  }
}

function holdBehind(draft: Draft, guard: Daemon, daemon: Daemon, tell: Tell): void {
  if (daemon.phase !== 'running' && daemon.phase !== 'starting') return
  const edge = daemon.spec.after.find(({ daemon: name }) => name === guard.spec.name)
  if (edge === undefined || standing(guard, edge.until) === 'met') return
  const { name } = daemon.spec
  const graceMs = draft.graceOfOne(daemon)
  tell(draft, name, { type: 'hold', guard: guard.spec.name, graceMs, atMs: draft.atMs })
}

/** Spawns the next batch, when the last one has answered. */
export function giveTurns(draft: Draft, tell: Tell): void {
  if (draft.starting > 0 || draft.isEnding) return
  const { atMs } = draft
  for (let name = draft.nextInQueue(); name !== null; name = draft.nextInQueue()) {
    const daemon = draft.daemons.get(name)
    if (daemon?.phase !== 'waiting' || outlook(draft, daemon).kind !== 'clear') continue
    tell(draft, name, { type: 'turn', atMs })
    if (draft.isEnding || draft.starting >= batchMax) return
  }
}

/** How long a wait is one that is told, and how often it is told, in milliseconds. */
const longWaitMs = 5000
const tellAgainMs = 60_000
/** Who waits is told of so many, in the order in which they start. */
const toldMax = 10

/** One timer for all who wait. After a failure of ours nobody knows whether it is armed. */
export function watchWaiters(draft: Draft): void {
  const timer = { kind: 'waiting' } as const
  const before = draft.isRecounted ? null : draft.state.waiting
  if (draft.waiting > 0) {
    if (before === 0 || before === null) draft.do({ type: 'arm', timer, afterMs: longWaitMs })
  } else if (before !== 0) {
    draft.do({ type: 'disarm', timer })
  }
}

export function tellWaiters(draft: Draft): void {
  let told = 0
  for (const name of draft.state.order.start) {
    const daemon = draft.daemons.get(name) as Daemon
    if (daemon.phase !== 'waiting' || told === toldMax) continue
    const sees = outlook(draft, daemon)
    if (sees.kind !== 'waits') continue
    draft.report({ kind: 'waits', daemon: name, for: sees.for })
    told++
  }
  if (draft.waiting === 0) return
  draft.do({ type: 'arm', timer: { kind: 'waiting' }, afterMs: tellAgainMs })
}
