/** Promises about what pitcrew says to those who watch over it. */
import { signalNumbers } from '../../../src/core/signals.ts'
import { canFollow, follow } from '../judge/follower.ts'
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
    'A death is one by lack of memory when KILL was not ours and the kernel killed just now; other kills for memory are told, too',
  broken: (facts) => {
    if (facts.isBroken) return null
    const isKiller = facts.trace.some((one) => one.what === 'act' && one.act.type === 'oom')
    if (!isKiller)
      return facts.claims.some(({ isOom }) => isOom) ? 'the kernel killed nothing' : null
    let kills = 0
    let blamed = 0
    let told = 0
    const deaths = new Map(facts.claims.map((claim) => [claim.index, claim]))
    return first(facts.trace, (one) => {
      if (one.what === 'act' && one.act.type === 'oom') kills++
      if (one.index < (facts.boot?.index ?? 0)) blamed = kills
      if (one.what === 'call' && one.event.type === 'oom-kills') {
        told = one.event.count - blamed
        blamed = one.event.count
      } else if (one.what === 'say' && one.line.includes(': the kernel killed ')) {
        if (told === 0) return 'a kill for memory is told that a daemon died of'
        told = 0
      } else if (told > 0) return `${told} kills for memory are not told`
      const death = deaths.get(one.index)
      if (death?.what !== 'died') return null
      const of = facts.runsOf.get(death.daemon)?.find(({ run }) => run === death.run)
      const expected = of?.exit?.signal === signalNumbers.KILL && kills > blamed
      if (expected) blamed++
      if (death.isOom === expected || of === undefined) return null
      return `of ${nameOf(of)} it is ${death.isOom ? '' : 'not '}said that it was for memory`
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
