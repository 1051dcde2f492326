/** One command behind a small init: boot and memory. */
import { setTimeout as pause } from 'node:timers/promises'
import { bundleOf, withLife } from '../life.mjs'
import { memoryKib } from '../processes.mjs'

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
    return withLife(alone, bundleOf('idle', 1), {}, async (run) => {
      const bootMs = await run.boot()
      await pause(settleMs)
      const { whole } = memoryKib(run.own())
      await run.stop()
      return { 'one-boot': bootMs, 'one-memory': whole / 1024 }
    })
  },
}
