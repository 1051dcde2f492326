/** Fifty daemons that die at once, for ever, beside one that lives: what they cost the supervisor,
 *  and what it says of them. */
import { setTimeout as pause } from 'node:timers/promises'
import { checkStorm } from '../checks.mjs'
import { bundleOf, withLife } from '../life.mjs'
import { isAlive, work } from '../processes.mjs'

/** How often each has died again, at least, when all is over: else there was no storm. */
const deathsEach = 2

export const storm = {
  groups: ['storm'],
  cases: [50],
  /** It takes long, and says the same each time. */
  isOnce: true,
  keys: () => ['storm-cpu', 'storm-log'],
  /** The floor starts them again at once and does nothing else. */
  fits: ({ name }) => name !== 'floor',

  run(contender, count, { stormMs }) {
    const [calm] = bundleOf('idle', 1)
    const dying = bundleOf('crasher', count + 1).slice(1)
    return withLife(contender, [calm, ...dying], { keepsOutput: true }, async (run) => {
      const first = await run.start(count + 1)
      const own = run.own()
      const before = { work: work(own), bytes: run.outputBytes(), atMs: performance.now() }
      await pause(stormMs)
      // Those who are there at both ends: what has died meanwhile was no supervisor.
      const lasting = run.own().filter((pid) => own.includes(pid))
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
