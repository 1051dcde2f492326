/** Deaths of one of four, one after the other: from the kill until the next process says that it is
 *  up. It is given no rest in between: a supervisor that rests after a death shows it here. */
import { checkRestart } from '../checks.mjs'
import { bundleOf, withLife } from '../life.mjs'
import { isAlive } from '../processes.mjs'
import { median } from '../statistics.mjs'

const deaths = 20
/** Of those who take a second for each. */
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
    return withLife(contender, daemons, {}, async (run) => {
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
