/** Promises about clients without permission, invalid requests, and daemons that flood. */
import type { Facts, Intruder, When } from '../judge/facts.ts'
import { nextCall } from '../judge/timeline.ts'
import { first, type Promised } from './promise.ts'

export const intrudersRefused: Promised = {
  sentence: 'A client without permission is refused and closed, and none of its input is read',
  broken: (facts) =>
    first(counted(facts), ({ access, opened, lines, answers, closed }) => {
      if (access !== 'none') return null
      const until = nextCall(facts, opened.index)
      const isRefused = answers.length === 1 && answers[0]?.code === 'NOT_PERMITTED'
      const isClosed = closed !== null && closed.index < until
      if (isRefused && isClosed && lines.length === 0) return null
      return `at ${opened.atMs}: ${answers.length} answers, ${lines.length} lines are read`
    }),
}

export const intrudersAnswered: Promised = {
  sentence:
    'Each line of a client that may only read, or is invalid, is answered once and at once with a refusal',
  broken: (facts) =>
    first(counted(facts), (intruder) => {
      if (intruder.access === 'none') return null
      return first(intruder.lines, (line) => {
        const until = nextCall(facts, line.index)
        const isGone = intruder.closed !== null && intruder.closed.index < line.index
        const isOver = facts.finish !== null && facts.finish.index < until
        if (isGone || isOver) return null
        const own = intruder.answers.filter(({ index }) => index > line.index && index < until)
        const codes = own.map(({ code }) => code).join()
        if (own.length !== 1 || !refusals.includes(codes)) return `${line.text}: "${codes}"`
        const isCut = line.text !== null || (intruder.closed?.index ?? until) < until
        return isCut ? null : 'a line that is too long does not close the connection'
      })
    }),
}

const refusals: readonly string[] = ['REQUEST_INVALID', 'NOT_PERMITTED', 'NO_SUCH_DAEMON']

/** Intruders with known answers. */
function counted({ intruders, isBroken, boot, finish }: Facts): readonly Intruder[] {
  if (isBroken || boot === null) return []
  const isEarlier = (one: When | null, other: When): boolean =>
    one !== null && one.index < other.index
  return intruders.filter(({ opened, closed }) => {
    return !isEarlier(closed, opened) && !isEarlier(finish, opened)
  })
}
