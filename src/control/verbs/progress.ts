/** What is said once a second to who waits: for what, how long, and until when. */
import { count } from '../../core/text/describe.ts'
import type { Progress } from '../protocol/answers.ts'
import type { Supervisor } from '../server/control-plane.ts'
import { wholeMs } from './describe-daemon.ts'
import { waitsFor } from './outlook.ts'
import { doingWords, leftMsOf, roughly, stateOf } from './words.ts'

/** @param name null: all of them, which are being stopped. */
export function progressOf(
  { state, host }: Pick<Supervisor, 'state' | 'host'>,
  name: string | null,
  sinceMs: number,
): Progress {
  const nowMs = host.now()
  const waitedMs = wholeMs(nowMs - sinceMs)
  const daemon = name === null ? undefined : state.daemons.get(name)
  if (daemon === undefined) {
    const { shutdown, plan } = state
    const leftMs = shutdown === null ? null : shutdown.sinceMs + plan.deadlineMs - nowMs
    const until = leftMs === null ? '' : `, ${roughly(leftMs)} left`
    const words = `stopping ${count(state.active, 'daemon')}${until}`
    const left = leftMs === null ? null : wholeMs(leftMs)
    return { daemon: null, state: null, waitsFor: null, sinceMs: waitedMs, leftMs: left, words }
  }
  const other = waitsFor(state, daemon)?.daemon ?? null
  const leftMs = leftMsOf(daemon, nowMs)
  return {
    daemon: daemon.spec.name,
    state: stateOf(daemon),
    waitsFor: other,
    sinceMs: waitedMs,
    leftMs: leftMs === null ? null : wholeMs(leftMs),
    words: doingWords(daemon, other, nowMs),
  }
}
