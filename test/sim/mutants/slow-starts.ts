/** Faults in the handling of slow starts. */
import type { Mutant } from '../mutants.ts'

export const slowStartMutants: readonly Mutant[] = [
  {
    name: 'a slow start is ready at once',
    file: 'core/daemon/running.ts',
    from: 'spec.ready === null && !isSlow ? atMs : null',
    to: 'spec.ready === null ? atMs : null',
    seed: 10,
    breaks: ['slowNotReady'],
  },
  {
    name: 'a slow start is not reported to the core',
    file: 'init/perform/perform.ts',
    from: 'return isSlow ? { ...event, isSlow } : event',
    to: 'return isSlow === undefined ? event : event',
    seed: 23,
    breaks: ['slowNotReady'],
  },
  {
    name: 'a recovery takes a hanging child as started',
    file: 'core/daemon/recovery.ts',
    from: 'const hasExecuted = !isSlow && exit',
    to: 'const hasExecuted = exit',
    seed: 10,
    breaks: ['slowNotReady'],
  },
  {
    name: 'a late execution is ignored',
    file: 'init/loop/loop.ts',
    from: 'isCommandRun(event.daemon) ? undefined : this.#enqueue(timed(event, atMs))',
    to: 'isCommandRun(event.daemon) ? undefined : this.#drain()',
    seed: 23,
    breaks: ['announcedOnce', 'exitCode'],
  },
  {
    name: 'a daemon is probed before its program is executed',
    file: 'core/daemon/running.ts',
    from: 'if (hasExecuted) watchReady',
    to: 'if (hasExecuted || true) watchReady',
    seed: 1245,
    breaks: ['slowNotReady', 'probesContinue'],
  },
  {
    name: 'a start that failed late is reported as an exit',
    file: 'core/daemon/running.ts',
    from: '      failure === undefined\n',
    to: '      failure !== null\n',
    seed: 49,
    breaks: ['slowFailureReported'],
  },
  {
    name: 'the cause of a failed slow start does not reach the core',
    file: 'core/daemon/ending.ts',
    from: 'failure === undefined ? { code, signal } : { code, signal, failure }',
    to: 'failure === undefined ? { code, signal } : { code, signal }',
    seed: 491,
    breaks: ['exitCode'],
  },
  {
    name: 'a hanging child is never killed (the fake host)',
    file: '../test/sim/world/slow-starts.ts',
    from: 'const limitMs = 5000',
    to: 'const limitMs = 500_000',
    seed: 36,
    breaks: ['slowKilled'],
  },
]
