/** Promises about the start of pitcrew. */
import { signalName, signalNumbers } from '../../../src/core/signals.ts'
import type { Facts } from '../judge/facts.ts'
import type { Promised } from './promise.ts'

export const startsOrReports: Promised = {
  sentence:
    "With a valid bundle pitcrew starts; otherwise it reports the error and exits with 2 or with the parser's code",
  broken: (facts) => {
    if (facts.isBroken) return null
    const { boot, exitCode, shutdownRequested } = facts
    if (facts.specs.length === 0) return noneSelected(facts)
    const expected = facts.boot === null && shutdownRequested !== null ? 0 : parserVerdict(facts)
    if (expected === null) return boot === null ? 'pitcrew never starts' : null
    if (boot !== null) return `pitcrew starts, and should exit with ${expected}`
    return exitCode === expected ? null : `the exit code is ${exitCode}, not ${expected}`
  },
}

/** When no daemon is selected, pitcrew prints a line and exits with 0. */
function noneSelected(facts: Facts): string | null {
  const verdict = facts.shutdownRequested !== null ? 0 : (parserVerdict(facts) ?? 0)
  if (facts.runs.length > 0) return 'no daemon is selected, and one runs'
  const isReported = facts.lines.some(({ text }) => text.startsWith('no daemon is selected'))
  if (verdict === 0 && facts.shutdownRequested === null && !isReported)
    return 'no daemon is selected, and that is not reported'
  return facts.exitCode === verdict
    ? null
    : `no daemon is selected, and the exit code is ${facts.exitCode}`
}

/** The exit code after a failure of the parser; null if it succeeds. */
function parserVerdict({ schedule: { helper } }: Facts): number | null {
  if (helper === null) return null
  if (helper.errno !== null || helper.tookMs >= helperTimeoutMs || helper.writes === 'too much')
    return 2
  if (helper.exit.code !== 0) return helper.exit.code
  return helper.exit.signal !== 0 || helper.writes === 'garbage' ? 2 : null
}

const helperTimeoutMs = 20_000

/** Signals that are ignored by default. */
const ignoredByDefault: readonly number[] = [
  signalNumbers.CHLD,
  signalNumbers.CONT,
  signalNumbers.URG,
  signalNumbers.WINCH,
]

export const ignoredReported: Promised = {
  sentence: 'An ignored signal is reported the first, the tenth and the hundredth time',
  broken: (facts) => {
    if (facts.isBroken || facts.isBehind || facts.boot === null) return null
    const times = new Map<number, number>()
    for (const { event, index } of facts.calls) {
      if (event.type !== 'signal' || event.hangup || ignoredByDefault.includes(event.signal))
        continue
      if (event.signal === signalNumbers.TERM || event.signal === signalNumbers.INT) continue
      const isMapped = signalName(event.signal) in facts.plan.signals
      const isEnding = facts.shutdown !== null && facts.shutdown.index < index
      const isOver = facts.finish !== null && facts.finish.index < index
      if (isMapped && !isEnding && !isOver) continue
      times.set(event.signal, (times.get(event.signal) ?? 0) + 1)
    }
    const expected = [...times.values()].reduce((sum, count) => sum + `${count}`.length, 0)
    const reported = facts.lines.filter(({ text }) => text.includes(' ignored: ')).length
    return reported === expected ? null : `${reported} lines, not ${expected}`
  },
}

export const flushed: Promised = {
  sentence: 'At the end the rest of the deadline is left for flushing output',
  broken: (facts) => {
    const { finish, shutdown, plan, isBroken, lostMs } = facts
    if (finish === null || facts.boot === null || isBroken) return null
    const leftMs =
      shutdown === null ? plan.deadlineMs : shutdown.atMs + plan.deadlineMs - finish.atMs
    const slackMs = lostMs + 2 * facts.lateMs + 0.001
    const waitedMs = finish.doneMs - finish.atMs
    const isRight = Math.abs(finish.flushMs - Math.max(0, leftMs - waitedMs)) <= slackMs
    return isRight ? null : `${finish.flushMs} ms, with ${leftMs} ms left`
  },
}
