/** The simulator in the binary's own engine: an image in place of that of the client verbs (scripts/build.mjs --cli).
 *
 *      pitcrew-sim FROM COUNT      a line for each seed: its number and the hash of its trace
 *      pitcrew-sim story SEED      the lines of one trace */
import type { System } from '../../src/host/system.ts'
import { scheduleFor } from './generate/generate.ts'
import { hashOf, linesOf } from './judge/hash.ts'
import { World } from './world/world.ts'

const { pitcrewHost: system } = globalThis as unknown as { readonly pitcrewHost: System }

const [first = '', second = ''] = system.args
if (first === 'story') {
  for (const line of linesOf(traceOf(Number(second)))) system.write(1, `${line}\n`)
} else {
  const from = Number(first)
  for (let seed = from; seed < from + Number(second); seed++) {
    system.write(1, `${seed} ${hashOf(linesOf(traceOf(seed)))}\n`)
  }
}
system.exit(0)

function traceOf(seed: number): World['trace'] {
  return new World(scheduleFor(seed)).play().trace
}
