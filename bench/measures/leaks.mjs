/** File descriptors, zombies and memory gained in many restarts. */

import { memoryKib, openFiles, zombiesAmong } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'
import { restartOnce } from './restart.mjs'

const restartsForFds = 200

export const leaks = {
  groups: ['leaks'],
  cases: [4],
  /** It takes long, and hardly varies. */
  isOnce: true,
  keys: () => ['fds', 'zombies', 'growth'],
  fits: (contender, _, { isQuick }) =>
    !contender.restsBeforeStart && !(isQuick && contender.isSlow),

  run(contender, count, { leakRestarts }) {
    return withSupervisor(contender, bundleOf('idle', count), {}, async (run) => {
      await run.boot()
      // The first restart may allocate what is then kept.
      await restartOnce(run)
      const own = run.ownPids()
      const before = { fds: openFiles(own), memory: memoryKib(own).whole }
      await restartOften(run, restartsForFds)
      const values = {
        fds: openFiles(run.ownPids()) - before.fds,
        zombies: zombiesAmong(run.ownPids()),
      }
      if (contender.isSlow) return values
      await restartOften(run, leakRestarts - restartsForFds)
      return { ...values, growth: memoryKib(run.ownPids()).whole - before.memory }
    })
  },
}

async function restartOften(run, times) {
  for (let left = times; left > 0; left--) await restartOnce(run)
}
