/** What is run when a daemon has died by itself: said once for the bundle, or for one daemon. */

import { mismatch, type Reader } from '../location.ts'
import { commandMap } from './command.ts'

/** Of a daemon; `none` = none, also where the bundle has one. */
export type OwnOnDeath = readonly string[] | 'none'

export const ownOnDeath: Reader<OwnOnDeath> = (value, place) => {
  if (value.kind === 'text' && value.text === 'none') return 'none'
  if (value.kind !== 'text') return onDeath(value, place)
  return mismatch(place, value, 'a map or none', shape)
}

/** Of the bundle: for every daemon that says nothing of its own. */
export const onDeath: Reader<readonly string[]> = (value, place) =>
  value.kind === 'map' ? commandMap(value, place) : mismatch(place, value, 'a map', shape)

const shape = 'write { command: [PROGRAM, ARGUMENT, …] }'

/** What holds for a daemon. */
export function completeOnDeath(
  own: OwnOnDeath | undefined,
  ofBundle: readonly string[] | undefined,
): readonly string[] | null {
  return own === 'none' ? null : (own ?? ofBundle ?? null)
}
