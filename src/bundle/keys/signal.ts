/** Signals in the bundle file: HUP or SIGHUP, as everybody writes them. */

import { unmappableSignals } from '../../core/plan/check-plan.ts'
import type { SignalAction, SignalMap } from '../../core/plan/plan.ts'
import { type Signal, signalName, signalNumbers } from '../../core/signals.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import { complain, inside, type Place, type Reader } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, listOfDifferent, mapOf, text } from '../read.ts'
import { daemonName } from '../references.ts'
import type { Entry, Value } from '../tree.ts'

/** The name of a signal, with or without SIG. */
export const signal: Reader<Signal> = (value, place) => {
  const written = text(value, place)
  return written === undefined ? undefined : knownSignal(written, value.at, place)
}

/** What signals to pitcrew itself do. */
export const signalMap: Reader<SignalMap> = (value, place) => {
  const entries = mapOf(mappedSignal)(value, place)
  if (entries === undefined) return
  const map: Partial<Record<Signal, SignalAction>> = {}
  for (const [, { name, at, action }] of entries) {
    if (map[name] === undefined) map[name] = action
    else complain(place, at, `${name} is there twice`, `SIG${name} and ${name} are the same`)
  }
  return map
}

interface MappedSignal {
  readonly name: Signal
  readonly at: number
  readonly action: SignalAction
}

function mappedSignal({ key, at, value }: Entry, place: Place): MappedSignal | undefined {
  const name = knownSignal(key, at, place)
  if (name === undefined) return
  const reason = unmappableSignals[name]
  if (reason !== undefined) return complain(place, at, `cannot map ${name}`, reason)
  const action = signalAction(value, inside(place, key))
  if (action === undefined) return
  if (value.kind === 'map' && value.entries.every(({ value }) => isEmptyList(value))) {
    const hint = 'give it forward: [NAME] or restart: [NAME], or remove it'
    return complain(inside(place, key), at, 'the signal would do nothing', hint)
  }
  const { forward = [], restart = [] } = action
  return { name, at, action: { forward, restart } }
}

function isEmptyList(value: Value): boolean {
  return value.kind === 'list' && value.items.length === 0
}

const signalAction: Reader<Partial<SignalAction>> = fields<SignalAction>(
  { forward: listOfDifferent(daemonName), restart: listOfDifferent(daemonName) },
  ['reload'],
)

function knownSignal(written: string, at: number, place: Place): Signal | undefined {
  const name = written.replace(/^SIG/i, '')
  if (Object.hasOwn(signalNumbers, name)) return name as Signal
  return complain(place, at, `unknown signal ${quote(written)}`, () => {
    const byNumber = /^\d+$/.test(name) ? signalName(Number(name)) : name
    if (Object.hasOwn(signalNumbers, byNumber)) return `did you mean "${byNumber}"?`
    return didYouMean(name, Object.keys(signalNumbers)) ?? 'write a name such as HUP or USR1'
  })
}
