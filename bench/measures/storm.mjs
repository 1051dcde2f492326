/** Fifty daemons that die at once, endlessly, beside one that does not: the processor time of
 *  the supervisor, and the size of its log. */
import { setTimeout as pause } from 'node:timers/promises'
import { checkStorm } from '../checks.mjs'
import { isAlive, work } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

/** How often each must have died again, so that there was a storm. */
const deathsEach = 2

export const storm = {
  groups: ['storm'],
  cases: [50],
  /** It takes long, and hardly varies. */
  isOnce: true,
  keys: () => ['storm-cpu', 'storm-log'],
  /** The floor restarts them at once and does nothing else. */
  fits: ({ name }) => name !== 'floor',

  run(contender, count, { stormMs }) {
    const [calm] = bundleOf('idle', 1)
    const dying = bundleOf('crasher', count + 1).slice(1)
    return withSupervisor(contender, [calm, ...dying], { keepsOutput: true }, async (run) => {
      const first = await run.start(count + 1)
      const own = run.ownPids()
      const before = { work: work(own), bytes: run.outputBytes(), atMs: performance.now() }
      await pause(stormMs)
      // Only processes that exist at both ends: those that died meanwhile were daemons.
      const lasting = run.ownPids().filter((pid) => own.includes(pid))
      const cpuNs = work(lasting).cpuNs - before.work.cpuNs
      const seconds = (performance.now() - before.atMs) / 1000
      const bytes = run.outputBytes() - before.bytes
      const later = await run.reports(count * deathsEach)
      checkStorm(calm.name, dying, [...first, ...later], isAlive)
      await run.stop()
      return { 'storm-cpu': (cpuNs / 1e9 / seconds) * 100, 'storm-log': bytes / 1024 }
    })
  },
}
