/** A restart of one of four daemons: the time from the request until the next process reports. */
import { setTimeout as pause } from 'node:timers/promises'
import { checkRestart } from '../checks.mjs'
import { isAlive } from '../processes.mjs'
import { median } from '../statistics.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

/** For supervisors with a slow tool. */
const slowRestarts = 5

export const restart = {
  groups: ['restart'],
  cases: [4],
  keys: () => ['restart'],
  fits: () => true,

  run(contender, count, { restarts }) {
    return withSupervisor(contender, bundleOf('idle', count), {}, async (run) => {
      await run.boot()
      // Wait so that the delay of a restart soon after a start is not measured.
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

/** Restarts the second daemon and checks the result.
 *  @param order How to restart it, if not in the usual way. @returns ms */
export async function restartOnce(run, order) {
  const before = run.pids
  const { ms, reports } = await run.restart(order)
  checkRestart('d1', before, reports, isAlive)
  run.pids = new Map([...before, ...reports])
  return ms
}
