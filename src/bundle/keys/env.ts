/** What a daemon finds in its environment. */
import { isEnvName, isEnvPattern } from '../../core/plan/names.ts'
import type { EnvSpec } from '../../core/plan/plan.ts'
import { complain, inside, type Reader } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, listOfDifferent, mapOf, text, textThat } from '../read.ts'

const envSet: Reader<Record<string, string>> = (value, place) => {
  const entries = mapOf(({ key, at, value }, within) => {
    const there = inside(within, key)
    if (!isEnvName(key)) {
      return complain(
        within,
        at,
        `${quote(key)} cannot be the name of a variable`,
        'write NAME: VALUE',
      )
    }
    if (value.kind === 'text' && !value.quoted && value.text === '') {
      return complain(there, at, 'has no value', 'write "" for an empty one')
    }
    return text(value, there)
  })(value, place)
  return entries === undefined ? undefined : Object.fromEntries(entries)
}

const envPattern: Reader<string> = textThat(
  isEnvPattern,
  'the name of a variable, with * at most at its end',
)

const claim: Reader<string> = (value, place) => {
  const pattern = envPattern(value, place)
  if (pattern === undefined || place.daemon === null) return pattern
  const { claims } = place.reading
  const owner = claims.get(pattern) ?? place.daemon
  claims.set(pattern, owner)
  if (owner === place.daemon) return pattern
  const message = `${quote(pattern)} is claimed by daemon ${quote(owner)} already`
  return complain(place, value.at, message, 'a variable goes to one daemon: remove one of the two')
}

export const env: Reader<EnvSpec> = (value, place) => {
  const found = envFields(value, place)
  if (found === undefined) return
  const { set = {}, pass = null, claim = [] } = found
  return { set, pass, claim }
}

type EnvFields = { set: Record<string, string>; pass: string[]; claim: string[] }

const envFields: Reader<Partial<EnvFields>> = fields<EnvFields>(
  { set: envSet, pass: listOfDifferent(envPattern), claim: listOfDifferent(claim) },
  ['file'],
)
