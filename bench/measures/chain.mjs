/** A chain of daemons, until the last is up: each starts when the one before it has said that it is
 *  ready, by a newline on a descriptor. The floor starts the same ones all at once. */
import { checkInOrder } from '../checks.mjs'
import { bundleOf, withLife } from '../life.mjs'

export const chain = {
  groups: ['chain'],
  cases: [200],
  keys: (count) => [`chain-${count}`],
  fits: ({ name, waitsForReady }) => name === 'floor' || waitsForReady === true,

  run(contender, count) {
    const daemons = bundleOf('announcer', count).map((daemon, index, all) => ({
      ...daemon,
      saysReady: true,
      after: all[index - 1]?.name,
    }))
    return withLife(contender, daemons, {}, async (run) => {
      const ms = await run.boot()
      if (contender.waitsForReady) checkInOrder(daemons, [...run.pids.keys()])
      await run.stop()
      return { [`chain-${count}`]: ms }
    })
  },
}
