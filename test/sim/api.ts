/** What a bundle of the simulator offers to who runs it: scripts/sim.mjs, and the tests with planted faults. */
export { judge } from './check.ts'
export { Cells, cells } from './coverage.ts'
export { tell, whatBroke } from './fail.ts'
export { scheduleFor } from './generate.ts'
export { rare, unreachable } from './unreachable.ts'
