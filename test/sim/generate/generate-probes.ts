/** Draws `ready:` and `alive:` of daemons, with the addresses of world/probes.ts. */
import type {
  AliveSpec,
  Probe,
  ReadySpec,
  SelfReportedReadiness,
} from '../../../src/core/plan/plan.ts'

import type { Chance } from '../world/chance.ts'
import { firstPort } from '../world/probes.ts'

export function readyFor(chance: Chance, name: string): ReadySpec {
  const word = chance.weighted<SelfReportedReadiness>(
    [2, { type: 'fd', fd: 3 }],
    [3, { type: 'notify' }],
    [1, { type: 'log', text: 'ready' }],
  )
  return {
    sign: chance.percent(50) ? word : probeFor(chance, name),
    timeoutMs: chance.pick([50, 300, 1000, 5000]),
    intervalMs: chance.pick([5, 50, 300]),
  }
}

export function aliveFor(chance: Chance, name: string): AliveSpec {
  return {
    probe: probeFor(chance, name),
    intervalMs: chance.pick([50, 200, 500]),
    timeoutMs: chance.pick([10, 50, 300]),
    failures: chance.between(1, 3),
  }
}

function probeFor(chance: Chance, name: string): Probe {
  const host = '127.0.0.1'
  const port = firstPort + Number(name.slice(1))
  return chance.weighted<Probe>(
    [2, { type: 'tcp', host, port }],
    [1, { type: 'unix', path: `/run/${name}` }],
    [2, { type: 'http', host, port, name: 'localhost', path: '/' }],
    [2, { type: 'command', command: ['/bin/look'] }],
    [1, { type: 'file', path: `/run/${name}.ready` }],
  )
}
