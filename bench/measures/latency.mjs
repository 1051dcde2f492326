/** The latency of a line, from a daemon's write to the reader of the supervisor's stdout. */

import { quantile } from '../statistics.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

export const latency = {
  groups: ['latency'],
  cases: [1],
  keys: () => ['latency-p50', 'latency-p99'],
  fits: (contender) => contender.passesLines !== false,

  run(contender, _, { pings }) {
    // One daemon answers; three more are silent.
    const daemons = [...bundleOf('stamper', 1), ...bundleOf('idle', 4).slice(1)]
    return withSupervisor(contender, daemons, { isRead: true }, async (run) => {
      await run.boot()
      const us = await run.ping(pings)
      await run.stop()
      return { 'latency-p50': quantile(us, 0.5), 'latency-p99': quantile(us, 0.99) }
    })
  },
}
