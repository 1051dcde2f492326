/** Draws the self-reports of a run and the results of its probes: in time, too late, never,
 *  twice, or after its end. */
import type { DaemonSpec } from '../../../src/core/plan/plan.ts'
import type { Chance } from '../world/chance.ts'
import { never, type ProbeBehaviour, type SelfReport } from '../world/schedule.ts'

export function selfReportsFor(chance: Chance, spec: DaemonSpec): SelfReport[] {
  const { ready, watchdogMs } = spec
  const words: SelfReport[] = []
  if (ready?.sign.type === 'fd' || ready?.sign.type === 'log')
    words.push(...whenReady(chance, spec, null))
  if (ready?.sign.type === 'notify') words.push(...whenReady(chance, spec, readyText(chance)))
  if (watchdogMs !== null) words.push(...pings(chance, watchdogMs))
  if (ready?.sign.type !== 'notify' && watchdogMs === null) return words
  for (let left = chance.below(3); left > 0; left--) {
    const word = once(chance.below(1000), chance.pick(texts), chance.percent(5))
    // Extensions are repeated, also during a stop; and a reload ends.
    words.push(word.text === extend ? { ...word, everyMs: 200 } : word)
    if (word.text === reload) words.push({ ...word, afterMs: word.afterMs + 50, text: 'READY=1' })
  }
  return words
}

const extend = 'EXTEND_TIMEOUT_USEC=300000'
const reload = 'RELOADING=1\nMONOTONIC_USEC=1'

const texts: readonly string[] = [
  'STATUS=warming up',
  'STOPPING=1',
  reload,
  'READY=0',
  'READY=1',
  'MAINPID=7',
  extend,
  'EXTEND_TIMEOUT_USEC=-5',
  'WATCHDOG=1',
  'WATCHDOG=trigger',
  '=',
  '',
]

function readyText(chance: Chance): string {
  return chance.pick(['READY=1', 'READY=1\nSTATUS=fine', 'STATUS=here\nREADY=1\nWATCHDOG=1'])
}

function once(afterMs: number, text: string | null, isLate: boolean): SelfReport {
  return { afterMs, everyMs: never, text, isLate }
}

/** Before, at and after the timeout. */
function whenReady(chance: Chance, { ready }: DaemonSpec, text: string | null): SelfReport[] {
  const timeoutMs = ready?.timeoutMs ?? 0
  const afterMs = chance.weighted(
    [3, chance.below(5)],
    [5, chance.below(timeoutMs)],
    [1, timeoutMs - 1],
    [1, timeoutMs],
    [1, timeoutMs + chance.below(500)],
    [1, never],
  )
  const word = once(afterMs, text, chance.percent(15))
  if (chance.percent(80)) return [word]
  return [word, once(chance.below(2 * timeoutMs), text, chance.percent(30))]
}

/** Pings often enough or too rarely, for the whole life or for some time. */
function pings(chance: Chance, watchdogMs: number): SelfReport[] {
  const everyMs = chance.weighted(
    [5, Math.ceil(watchdogMs / 2)],
    [1, watchdogMs],
    [1, 2 * watchdogMs],
  )
  if (chance.percent(60)) return [{ ...once(everyMs, 'WATCHDOG=1', false), everyMs }]
  return Array.from({ length: chance.below(8) }, (_, index) =>
    once(everyMs * (index + 1), 'WATCHDOG=1', chance.percent(5)),
  )
}

export function probedFor(chance: Chance, { ready }: DaemonSpec): ProbeBehaviour {
  const timeoutMs = ready?.timeoutMs ?? 500
  return {
    fromMs: chance.weighted([4, 0], [4, chance.below(timeoutMs)], [1, timeoutMs], [1, never]),
    untilMs: chance.weighted([5, never], [2, chance.below(3000)]),
    flapMs: chance.weighted([4, never], [1, chance.pick([60, 150, 400])]),
    tookMs: chance.weighted([5, 0], [4, chance.below(20)], [2, chance.below(400)], [1, never]),
    answer: chance.weighted(
      [8, 'HTTP/1.1 200 OK'],
      [1, 'HTTP/1.0 302 Found'],
      [1, 'HTTP/1.1 503 Busy'],
      [1, 'SSH-2.0'],
      [1, ''],
    ),
    errno: chance.percent(4) ? 'EMFILE' : null,
    isLate: chance.percent(20),
  }
}
