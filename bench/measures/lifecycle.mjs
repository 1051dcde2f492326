/** Boot, memory, idle use and stop of a bundle, measured in one run. */
import { setTimeout as pause } from 'node:timers/promises'
import { checkNoneLeft } from '../checks.mjs'
import { isAlive, memoryKib, work } from '../processes.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

/** Time for work that a supervisor finishes after its daemons are up. */
const settleMs = 1000

export const lifecycle = {
  groups: ['boot', 'memory', 'idle', 'stop'],
  cases: [4, 100, 1000],
  fits: ({ daemonsMax, isSlow }, daemons, { isQuick }) =>
    daemons <= (daemonsMax ?? (isSlow && isQuick ? 100 : Number.POSITIVE_INFINITY)),

  keys: (daemons) =>
    ['boot', 'memory', 'own', 'idle', 'wake-ups', 'stop'].map((name) => `${name}-${daemons}`),

  /** @returns Values by row key. */
  run(contender, daemons, { wants, idleMs }) {
    return withSupervisor(contender, bundleOf('idle', daemons), {}, async (run) => {
      const bootMs = await run.boot()
      const values = wants('boot') ? { [`boot-${daemons}`]: bootMs } : {}
      const measuresIdle = wants('idle') && daemons <= 100
      if (wants('memory') || measuresIdle) await pause(settleMs)
      if (wants('memory')) Object.assign(values, memoryOf(run, daemons))
      if (measuresIdle) Object.assign(values, await idleOf(run, daemons, idleMs))
      const stopMs = await run.stop()
      if (wants('stop')) values[`stop-${daemons}`] = stopMs
      checkNoneLeft(run.pids, isAlive)
      return values
    })
  },
}

function memoryOf(run, daemons) {
  const { whole, own } = memoryKib(run.ownPids())
  return { [`memory-${daemons}`]: whole / 1024, [`own-${daemons}`]: own / 1024 }
}

async function idleOf(run, daemons, idleMs) {
  const own = run.ownPids()
  const before = work(own)
  const startedAtMs = performance.now()
  await pause(idleMs)
  const after = work(own)
  const seconds = (performance.now() - startedAtMs) / 1000
  return {
    [`idle-${daemons}`]: (after.cpuNs - before.cpuNs) / 1000 / seconds,
    [`wake-ups-${daemons}`]: (after.wakeUps - before.wakeUps) / seconds,
  }
}
