/** What is left after many restarts: file descriptors, zombies, memory. */
import { bundleOf, withLife } from '../life.mjs'
import { memoryKib, openFiles, zombiesAmong } from '../processes.mjs'
import { restartOnce } from './restart.mjs'

const restartsForFds = 200

export const leaks = {
  groups: ['leaks'],
  cases: [4],
  /** It takes long, and says the same each time. */
  isOnce: true,
  keys: () => ['fds', 'zombies', 'growth'],
  fits: (contender, _, { isQuick }) =>
    !contender.restsBeforeStart && !(isQuick && contender.isSlow),

  run(contender, count, { leakRestarts }) {
    return withLife(contender, bundleOf('idle', count), {}, async (run) => {
      await run.boot()
      // The first restart may need what is then kept.
      await restartOnce(run)
      const own = run.own()
      const before = { fds: openFiles(own), memory: memoryKib(own).whole }
      await restartOften(run, restartsForFds)
      const values = {
        fds: openFiles(run.own()) - before.fds,
        zombies: zombiesAmong(run.own()),
      }
      if (contender.isSlow) return values
      await restartOften(run, leakRestarts - restartsForFds)
      return { ...values, growth: memoryKib(run.own()).whole - before.memory }
    })
  },
}

async function restartOften(run, times) {
  for (let left = times; left > 0; left--) await restartOnce(run)
}
