/** Injected faults, in a build for tests only (`scripts/build.mjs --faults`): they prove that a bug
 *  does not become an outage. In every other build this does nothing.
 *
 *  PITCREW_FAULTS is a comma list of FAULT:PLACE[:always]. FAULT is throw, loop or memory; PLACE
 *  is the type of an event ("exited"), of an effect ("perform-spawn"), of an event of the host
 *  ("host-probed") or of a timer ("elapsed-probe"). Without `always` each happens once. */
import type { System } from '../../host/system.ts'

/** To be called with the name of a place before it is entered. */
export type InjectFault = (place: string) => void

/** Defined by the build. */
declare const __FAULTS__: boolean

/** @returns null where no fault can be injected: then no name of a place is made. */
export function faultInjection(system: Pick<System, 'getenv'>): InjectFault | null {
  if (typeof __FAULTS__ === 'undefined' || !__FAULTS__) return null
  const given = system.getenv('PITCREW_FAULTS') ?? ''
  if (given === '') return null
  const faults = given.split(',').map((text) => {
    const [fault = '', place = '', often = ''] = text.split(':')
    return { fault, place, left: often === 'always' ? Number.POSITIVE_INFINITY : 1 }
  })
  return (place) => {
    for (const one of faults) {
      if (one.place !== place || one.left === 0) continue
      one.left--
      failBy(one.fault)
    }
  }
}

function failBy(fault: string): void {
  if (fault === 'throw') throw new Error('injected fault')
  const hoard: unknown[] = []
  for (;;)
    if (fault === 'memory') hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
}
