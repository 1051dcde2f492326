/** Stop of four daemons, one of which does not end when it is asked to and has a second. */
import { bundleOf, withLife } from '../life.mjs'

export const stubborn = {
  groups: ['stubborn'],
  cases: [4],
  /** It is a second of waiting for everybody. */
  isOnce: true,
  keys: () => ['stubborn'],
  fits: (contender) => contender.killsStubborn !== false,

  run(contender, count) {
    const daemons = [...bundleOf('stubborn', 1), ...bundleOf('idle', count).slice(1)]
    return withLife(contender, daemons, {}, async (run) => {
      await run.boot()
      return { stubborn: await run.stop() }
    })
  },
}
