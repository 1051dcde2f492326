/** `env`: the environment of a daemon. */
import { isEnvName, isEnvPattern } from '../../core/plan/names.ts'
import type { EnvSpec } from '../../core/plan/plan.ts'
import { childLocation, type Reader, reportProblem } from '../location.ts'
import { quote } from '../problems.ts'
import { fields, mapOf, text, textMatching, uniqueList } from '../read.ts'

const envSet: Reader<Record<string, string>> = (value, location) => {
  const entries = mapOf(({ key, offset, value }) => {
    if (!isEnvName(key)) {
      const message = `${quote(key)} is not a valid variable name`
      return reportProblem(location, offset, message, 'write NAME: VALUE')
    }
    const variable = childLocation(location, key)
    if (value.kind === 'text' && !value.quoted && value.text === '') {
      return reportProblem(variable, offset, 'has no value', 'write "" for an empty value')
    }
    return text(value, variable)
  })(value, location)
  return entries === undefined ? undefined : Object.fromEntries(entries)
}

const envPattern: Reader<string> = textMatching(
  isEnvPattern,
  'the name of a variable, with * at most at its end',
)

const claim: Reader<string> = (value, location) => {
  const pattern = envPattern(value, location)
  if (pattern === undefined || location.daemon === null) return pattern
  const { claims } = location.context
  const owner = claims.get(pattern) ?? location.daemon
  claims.set(pattern, owner)
  if (owner === location.daemon) return pattern
  const message = `${quote(pattern)} is already claimed by daemon ${quote(owner)}`
  const hint = 'remove one claim: a variable goes to one daemon'
  return reportProblem(location, value.offset, message, hint)
}

export const env: Reader<EnvSpec> = (value, location) => {
  const found = envFields(value, location)
  if (found === undefined) return
  const { set = {}, pass = null, claim = [] } = found
  return { set, pass, claim }
}

type EnvFields = { set: Record<string, string>; pass: string[]; claim: string[] }

const envFields: Reader<Partial<EnvFields>> = fields<EnvFields>(
  { set: envSet, pass: uniqueList(envPattern), claim: uniqueList(claim) },
  ['file'],
)
