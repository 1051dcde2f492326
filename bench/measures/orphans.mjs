/** Whether PID 1 reaps orphans: 2 000 that exit at once, in a PID namespace. */
import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { zombiesAmong } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

const orphanCount = 2000
/** The time by which all must be reaped. */
const timeoutMs = 2000
const pollMs = 20
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
    return withSupervisor(contender, daemons, options, async (run) => {
      await run.boot()
      const endsAtMs = performance.now() + timeoutMs
      while (zombiesAmong(run.ownPids()) > 0 && performance.now() < endsAtMs) await pause(pollMs)
      return { orphans: zombiesAmong(run.ownPids()) }
    })
  },
}
