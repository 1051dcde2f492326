/** Restart of one of four: from the request until the next process says that it is up. */
import { setTimeout as pause } from 'node:timers/promises'
import { checkRestart } from '../checks.mjs'
import { bundleOf, withLife } from '../life.mjs'
import { isAlive } from '../processes.mjs'
import { median } from '../statistics.mjs'

/** Of those whose tool takes a fraction of a second. */
const slowRestarts = 5

export const restart = {
  groups: ['restart'],
  cases: [4],
  keys: () => ['restart'],
  fits: () => true,

  run(contender, count, { restarts }) {
    return withLife(contender, bundleOf('idle', count), {}, async (run) => {
      await run.boot()
      // Who does not start a daemon again at once is not measured by that.
      const rest = contender.restSinceStartMs ?? 0
      const times = []
      for (let left = countFor(contender, restarts); left > 0; left--) {
        await pause(rest)
        times.push(await restartOnce(run))
      }
      await run.stop()
      return { restart: median(times) }
    })
  },
}

function countFor({ restsBeforeStart, isSlow }, restarts) {
  if (restsBeforeStart) return 1
  return isSlow ? slowRestarts : restarts
}

/** Restarts the second daemon and checks that it was that one.
 *  @param order How, if not as ever. @returns ms */
export async function restartOnce(run, order) {
  const before = run.pids
  const { ms, reports } = await run.restart(order)
  checkRestart('d1', before, reports, isAlive)
  run.pids = new Map([...before, ...reports])
  return ms
}
