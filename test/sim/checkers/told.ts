/** Promises about what pitcrew says to those who watch over it. */
import { signalNumbers } from '../../../src/core/signals.ts'
import { canFollow, follow } from '../follower.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const stoppingTold: Promised = {
  sentence: 'Whoever supervises it is told once that it shuts down, in that moment',
  broken: ({ trace, shutdown, isBroken }) => {
    if (isBroken) return null
    const told = trace.filter((one) => one.what === 'announce' && one.text === 'STOPPING=1')
    const expected = shutdown === null ? 0 : 1
    if (told.length !== expected) return `it is told ${told.length} times`
    return shutdown === null || told[0]?.atMs === shutdown.atMs ? null : 'it is told late'
  },
}

export const oomTold: Promised = {
  sentence:
    'A death is one by lack of memory when KILL was not ours and the kernel killed somebody of ours meanwhile',
  broken: (facts) => {
    if (facts.isBroken) return null
    let seen = 0
    const deaths = facts.claims.filter(({ what }) => what === 'died')
    const ooms = facts.trace.filter((one) => one.what === 'act' && one.act.type === 'oom')
    const known = ooms.filter(({ index }) => index >= (facts.boot?.index ?? 0))
    return first(deaths, ({ daemon, run, index, isOom }) => {
      const of = facts.runsOf.get(daemon)?.find((one) => one.run === run)
      const kills = known.filter((one) => one.index < index).length
      const isByKill = of?.exit?.signal === signalNumbers.KILL
      const expected = isByKill && kills > seen
      if (isByKill) seen = kills
      if (isOom === expected || of === undefined) return null
      return `of ${nameOf(of)} it is ${isOom ? '' : 'not '}said that it was for memory`
    })
  },
}

export const waitTold: Promised = {
  sentence: 'Of whoever waits for long it is said for whom',
  broken: (facts) =>
    canFollow(facts)
      ? (follow(facts).findings.find(({ finding }) => finding === 'wait not told')?.how ?? null)
      : null,
}
