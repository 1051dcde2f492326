/** The exports of a bundled simulator, for scripts/sim.mjs and the tests with planted faults. */

export { scheduleFor } from './generate/generate.ts'
export { judge } from './judge/check.ts'
export { Cells, cells } from './judge/coverage.ts'
export { failureReport, storyFor } from './judge/failure-report.ts'
export { rare, unreachable } from './judge/unreachable.ts'
