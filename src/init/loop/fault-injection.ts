/** Bugs on purpose, in a build for tests only (`scripts/build.mjs --plant`): the proof that a bug
 *  must not become an outage. In every other build this is nothing.
 *
 *  PITCREW_PLANT is a comma list of FAULT:PLACE[:always]. FAULT is throw, loop or memory; PLACE
 *  is the type of an event ("exited"), of an effect ("perform-spawn"), of an event of the host
 *  ("host-probed") or of a timer ("elapsed-look"). Without `always` each happens once. */
import type { System } from '../../host/system.ts'

/** Called with a place before it is entered. */
export type Plant = (place: string) => void

/** Put in by the build. */
declare const __PLANT__: boolean

export function plantOf(system: Pick<System, 'getenv'>): Plant {
  if (typeof __PLANT__ === 'undefined' || !__PLANT__) return () => {}
  const given = system.getenv('PITCREW_PLANT') ?? ''
  if (given === '') return () => {}
  const faults = given.split(',').map((text) => {
    const [fault = '', place = '', often = ''] = text.split(':')
    return { fault, place, left: often === 'always' ? Number.POSITIVE_INFINITY : 1 }
  })
  return (place) => {
    for (const one of faults) {
      if (one.place !== place || one.left === 0) continue
      one.left--
      breakDown(one.fault)
    }
  }
}

function breakDown(fault: string): void {
  if (fault === 'throw') throw new Error('planted')
  const hoard: unknown[] = []
  for (;;)
    if (fault === 'memory') hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
}
