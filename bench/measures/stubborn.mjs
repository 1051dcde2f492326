/** A stop of four daemons, one of which ignores its stop signal and is killed after a second. */
import { bundleOf, withSupervisor } from '../supervisor.mjs'

export const stubborn = {
  groups: ['stubborn'],
  cases: [4],
  /** It is dominated by that second. */
  isOnce: true,
  keys: () => ['stubborn'],
  fits: (contender) => contender.killsStubborn !== false,

  run(contender, count) {
    const daemons = [...bundleOf('stubborn', 1), ...bundleOf('idle', count).slice(1)]
    return withSupervisor(contender, daemons, {}, async (run) => {
      await run.boot()
      return { stubborn: await run.stop() }
    })
  },
}
