/** Promises about reports: to the service manager above pitcrew, of out-of-memory kills, and of
 *  long waits. */
import { signalNumbers } from '../../../src/core/signals.ts'
import { canFollow, follow } from '../judge/follower.ts'
import { first, nameOf, type Promised } from './promise.ts'

export const stoppingReported: Promised = {
  sentence: 'STOPPING=1 is sent once, when the shutdown begins',
  broken: ({ trace, shutdown, isBroken }) => {
    if (isBroken) return null
    const sent = trace.filter((one) => one.what === 'announce' && one.text === 'STOPPING=1')
    const expected = shutdown === null ? 0 : 1
    if (sent.length !== expected) return `it is sent ${sent.length} times`
    return shutdown === null || sent[0]?.atMs === shutdown.atMs ? null : 'it is sent late'
  },
}

export const oomReported: Promised = {
  sentence:
    'A death by KILL counts as out of memory when the kernel killed a process just then; other out-of-memory kills are reported',
  broken: (facts) => {
    if (facts.isBroken) return null
    const isKiller = facts.trace.some((one) => one.what === 'act' && one.act.type === 'oom')
    if (!isKiller)
      return facts.claims.some(({ isOom }) => isOom) ? 'the kernel killed nothing' : null
    let kills = 0
    let blamed = 0
    let unreported = 0
    const deaths = new Map(facts.claims.map((claim) => [claim.index, claim]))
    return first(facts.trace, (one) => {
      if (one.what === 'act' && one.act.type === 'oom') kills++
      if (one.index < (facts.boot?.index ?? 0)) blamed = kills
      if (one.what === 'call' && one.event.type === 'oom-kills') {
        unreported = one.event.count - blamed
        blamed = one.event.count
      } else if (one.what === 'say' && one.line.includes(': the kernel killed ')) {
        if (unreported === 0) return 'a kill is reported separately although a daemon died of it'
        unreported = 0
      } else if (unreported > 0) return `${unreported} out-of-memory kills are not reported`
      const death = deaths.get(one.index)
      if (death?.what !== 'died') return null
      const of = facts.runsOf.get(death.daemon)?.find(({ run }) => run === death.run)
      const expected = of?.exit?.signal === signalNumbers.KILL && kills > blamed
      if (expected) blamed++
      if (death.isOom === expected || of === undefined) return null
      return `the death of ${nameOf(of)} is ${death.isOom ? '' : 'not '}reported as out of memory`
    })
  },
}

export const waitReported: Promised = {
  sentence: 'A long wait is reported with the daemon that is waited for',
  broken: (facts) =>
    canFollow(facts)
      ? (follow(facts).findings.find(({ finding }) => finding === 'wait not reported')?.how ?? null)
      : null,
}
