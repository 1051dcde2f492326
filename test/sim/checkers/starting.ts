/** Promises about the time before the first daemon: either all of it begins, or it is said why not. */
import { signalName, signalNumbers } from '../../../src/core/signals.ts'
import type { Facts } from '../judge/facts.ts'
import type { Promised } from './promise.ts'

export const beginsOrSays: Promised = {
  sentence:
    'With a good bundle it starts; with a bad one it says so and ends with 2, or with what the parser said',
  broken: (facts) => {
    if (facts.isBroken) return null
    const { boot, exitCode, asked } = facts
    if (facts.specs.length === 0) return noneSelected(facts)
    const expected = facts.boot === null && asked !== null ? 0 : parserVerdict(facts)
    if (expected === null) return boot === null ? 'it never starts' : null
    if (boot !== null) return `it starts, and was to end with ${expected}`
    return exitCode === expected ? null : `it ends with ${exitCode}, not with ${expected}`
  },
}

/** One line, and 0. */
function noneSelected(facts: Facts): string | null {
  const verdict = facts.asked !== null ? 0 : (parserVerdict(facts) ?? 0)
  if (facts.runs.length > 0) return 'nothing is selected, and something runs'
  const isSaid = facts.lines.some(({ text }) => text.startsWith('no daemon is selected'))
  if (verdict === 0 && facts.asked === null && !isSaid)
    return 'nothing is selected, and it is not said'
  return facts.exitCode === verdict
    ? null
    : `nothing is selected, and it ends with ${facts.exitCode}`
}

/** The exit status that the parser's failure leads to; null when there is none. */
function parserVerdict({ schedule: { helper } }: Facts): number | null {
  if (helper === null) return null
  if (helper.errno !== null || helper.tookMs >= helperTimeoutMs || helper.writes === 'too much')
    return 2
  if (helper.exit.code !== 0) return helper.exit.code
  return helper.exit.signal !== 0 || helper.writes === 'garbage' ? 2 : null
}

const helperTimeoutMs = 20_000

/** Silent to any program that does not ask for them. */
const silent: readonly number[] = [
  signalNumbers.CHLD,
  signalNumbers.CONT,
  signalNumbers.URG,
  signalNumbers.WINCH,
]

export const ignoredTold: Promised = {
  sentence: 'A signal that is ignored is told the first, the tenth, the hundredth time',
  broken: (facts) => {
    if (facts.isBroken || facts.isBehind || facts.boot === null) return null
    const times = new Map<number, number>()
    for (const { event, index } of facts.calls) {
      if (event.type !== 'signal' || event.hangup || silent.includes(event.signal)) continue
      if (event.signal === signalNumbers.TERM || event.signal === signalNumbers.INT) continue
      const isMapped = signalName(event.signal) in facts.plan.signals
      const isEnding = facts.shutdown !== null && facts.shutdown.index < index
      const isOver = facts.finish !== null && facts.finish.index < index
      if (isMapped && !isEnding && !isOver) continue
      times.set(event.signal, (times.get(event.signal) ?? 0) + 1)
    }
    const expected = [...times.values()].reduce((sum, count) => sum + `${count}`.length, 0)
    const told = facts.lines.filter(({ text }) => text.includes(' ignored: ')).length
    return told === expected ? null : `${told} lines, not ${expected}`
  },
}

export const flushed: Promised = {
  sentence: 'What is left of the deadline at the end is for the output',
  broken: (facts) => {
    const { finish, shutdown, plan, isBroken, lostMs } = facts
    if (finish === null || facts.boot === null || isBroken) return null
    const leftMs =
      shutdown === null ? plan.deadlineMs : shutdown.atMs + plan.deadlineMs - finish.atMs
    const slackMs = lostMs + 2 * facts.lateMs + 0.001
    const waitedMs = finish.doneMs - finish.atMs
    const isRight = Math.abs(finish.flushMs - Math.max(0, leftMs - waitedMs)) <= slackMs
    return isRight ? null : `${finish.flushMs} ms, and ${leftMs} ms are left`
  },
}
