/** The throughput of daemons' lines to stdout, and the processor time of the supervisor for a
 *  gigabyte. Each line is checked (check.c). */

import { work } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

const cases = [
  { lineBytes: 100, producers: 1 },
  { lineBytes: 100, producers: 4 },
  { lineBytes: 1000, producers: 1 },
  { lineBytes: 1000, producers: 4 },
]

export const log = {
  groups: ['log'],
  cases,
  keys: ({ lineBytes, producers }) =>
    ['log', 'cpu'].map((name) => `${name}-${lineBytes}-${producers}`),
  fits: (contender) => contender.passesLines !== false,

  run(contender, { lineBytes, producers }, { logBytes }) {
    const share = contender.logShare ?? 1
    const lines = Math.ceil((logBytes * share) / lineBytes / producers)
    const options = { lineBytes, lines, isRead: true }
    return withSupervisor(contender, bundleOf('writer', producers), options, async (run) => {
      await run.boot()
      const own = run.ownPids()
      const before = work(own)
      const ms = await run.write(lines * producers)
      const after = work(own)
      const bytes = lines * producers * lineBytes
      await run.stop()
      return {
        [`log-${lineBytes}-${producers}`]: bytes / 1e6 / (ms / 1000),
        [`cpu-${lineBytes}-${producers}`]: (after.cpuNs - before.cpuNs) / bytes,
      }
    })
  },
}
