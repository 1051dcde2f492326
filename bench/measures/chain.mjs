/** The boot of a chain of daemons: each starts when the previous one has reported, by a newline
 *  on a descriptor, that it is ready. The floor starts all of them at once. */
import { checkInOrder } from '../checks.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

export const chain = {
  groups: ['chain'],
  cases: [200],
  keys: (count) => [`chain-${count}`],
  fits: ({ name, waitsForReady }) => name === 'floor' || waitsForReady === true,

  run(contender, count) {
    const daemons = bundleOf('announcer', count).map((daemon, index, all) => ({
      ...daemon,
      reportsReady: true,
      after: all[index - 1]?.name,
    }))
    return withSupervisor(contender, daemons, {}, async (run) => {
      const ms = await run.boot()
      if (contender.waitsForReady) checkInOrder(daemons, [...run.pids.keys()])
      await run.stop()
      return { [`chain-${count}`]: ms }
    })
  },
}
