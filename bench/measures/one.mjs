/** Boot and memory of a small init with one command. */
import { setTimeout as pause } from 'node:timers/promises'
import { memoryKib } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

const settleMs = 20

export const one = {
  groups: ['one'],
  cases: [1],
  keys: () => ['one-boot', 'one-memory'],
  fits: (contender) => contender.prepareOne !== undefined,

  run(contender) {
    const alone = {
      name: contender.name,
      prepare: (folder, [daemon]) => ({
        stop: { signal: 'SIGTERM' },
        ...contender.prepareOne(folder, daemon),
      }),
    }
    return withSupervisor(alone, bundleOf('idle', 1), {}, async (run) => {
      const bootMs = await run.boot()
      await pause(settleMs)
      const { whole } = memoryKib(run.ownPids())
      await run.stop()
      return { 'one-boot': bootMs, 'one-memory': whole / 1024 }
    })
  },
}
