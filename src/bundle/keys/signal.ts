/** Signals in the bundle file: HUP or SIGHUP. */

import type { SignalAction, SignalMap } from '../../core/plan/plan.ts'
import { type Signal, signalName, signalNumbers, unmappableSignals } from '../../core/signals.ts'
import { didYouMean } from '../../core/text/suggest.ts'
import { childLocation, type Location, type Reader, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, mapOf, text, uniqueList } from '../read.ts'
import { daemonName } from '../references.ts'
import type { Entry, Value } from '../tree.ts'

/** The name of a signal, with or without SIG. */
export const signal: Reader<Signal> = (value, location) => {
  const written = text(value, location)
  return written === undefined ? undefined : knownSignal(written, value.offset, location)
}

/** `signals`: the actions of signals to pitcrew. */
export const signalMap: Reader<SignalMap> = (value, location) => {
  const entries = mapOf(mappedSignal)(value, location)
  if (entries === undefined) return
  const map: Partial<Record<Signal, SignalAction>> = {}
  for (const [, { name, offset, action }] of entries) {
    if (map[name] === undefined) {
      map[name] = action
    } else {
      const hint = `SIG${name} and ${name} are the same`
      reportProblem(location, offset, `duplicate signal ${name}`, hint)
    }
  }
  return map
}

interface MappedSignal {
  readonly name: Signal
  readonly offset: number
  readonly action: SignalAction
}

function mappedSignal({ key, offset, value }: Entry, location: Location): MappedSignal | undefined {
  const name = knownSignal(key, offset, location)
  if (name === undefined) return
  const reason = unmappableSignals[name]
  if (reason !== undefined) return reportProblem(location, offset, `cannot map ${name}`, reason)
  const action = signalAction(value, childLocation(location, key))
  if (action === undefined) return
  if (value.kind === 'map' && value.entries.every(({ value }) => isEmptyList(value))) {
    const hint = 'add forward: [NAME], restart: [NAME] or reload: [NAME], or remove it'
    return reportProblem(childLocation(location, key), offset, 'the signal has no action', hint)
  }
  const { forward = [], restart = [], reload = [] } = action
  return { name, offset, action: { forward, restart, reload } }
}

function isEmptyList(value: Value): boolean {
  return value.kind === 'list' && value.items.length === 0
}

const signalAction: Reader<Partial<SignalAction>> = fields<SignalAction>({
  forward: uniqueList(daemonName),
  restart: uniqueList(daemonName),
  reload: uniqueList(daemonName),
})

function knownSignal(written: string, offset: number, location: Location): Signal | undefined {
  const name = written.replace(/^SIG/i, '')
  if (Object.hasOwn(signalNumbers, name)) return name as Signal
  return reportProblem(location, offset, `unknown signal ${quote(written)}`, () => {
    const byNumber = /^\d+$/.test(name) ? signalName(Number(name)) : name
    if (Object.hasOwn(signalNumbers, byNumber)) return `did you mean "${byNumber}"?`
    return didYouMean(name, Object.keys(signalNumbers)) ?? 'write a name such as HUP or USR1'
  })
}
