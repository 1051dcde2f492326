/** Whether PID 1 reaps whom it adopts: 2 000 orphans that end at once, in a PID namespace. */
import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { bundleOf, withLife } from '../life.mjs'
import { zombiesAmong } from '../processes.mjs'

const orphanCount = 2000
/** A supervisor that reaps has reaped by then. */
const patienceMs = 2000
const askAgainMs = 20
const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0

export const orphans = {
  groups: ['leaks'],
  cases: [4],
  isOnce: true,
  keys: () => ['orphans'],
  fits: () => canUnshare,

  run(contender, count) {
    const daemons = [...bundleOf('orphans', 1), ...bundleOf('idle', count).slice(1)]
    const options = { lines: orphanCount, isPid1: true }
    return withLife(contender, daemons, options, async (run) => {
      await run.boot()
      const endsAtMs = performance.now() + patienceMs
      while (zombiesAmong(run.own()) > 0 && performance.now() < endsAtMs) await pause(askAgainMs)
      return { orphans: zombiesAmong(run.own()) }
    })
  },
}
