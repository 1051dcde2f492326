/** Deaths of one of four daemons: the time from a KILL until the next process reports. The
 *  deaths follow each other without a pause, so that delays of a supervisor after a death count. */
import { checkRestart } from '../checks.mjs'
import { isAlive } from '../processes.mjs'
import { median } from '../statistics.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

const deaths = 20
/** For supervisors that need a second for each. */
const slowDeaths = 3
const victim = 'd1'

export const death = {
  groups: ['death'],
  cases: [4],
  keys: () => ['death'],
  fits: () => true,

  run(contender, count) {
    const daemons = bundleOf('idle', count).map((daemon) => ({
      ...daemon,
      isRestartedAtOnce: true,
    }))
    return withSupervisor(contender, daemons, {}, async (run) => {
      await run.boot()
      const isSlow = contender.restsBeforeStart || contender.isSlow
      const times = []
      for (let left = isSlow ? slowDeaths : deaths; left > 0; left--) times.push(await dieOnce(run))
      await run.stop()
      return { death: median(times) }
    })
  },
}

async function dieOnce(run) {
  const before = run.pids
  const { ms, reports } = await run.kill(victim)
  checkRestart(victim, before, reports, isAlive)
  run.pids = new Map([...before, ...reports])
  return ms
}
