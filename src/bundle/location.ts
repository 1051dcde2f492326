/** Where a value of the bundle belongs, in the words of a message, and how a problem with it is
 *  put. */
import { type Hint, type Problems, quote } from './problems.ts'
import { isNull, type Value } from './tree.ts'

/** undefined: a problem was reported. */
export type Reader<T> = (value: Value, location: Location) => T | undefined

/** Where in the bundle a value belongs, in the words of a message. */
export interface Location {
  readonly context: ReadContext
  readonly daemon: string | null
  /** Keys from the daemon (or the top) down: "stop.grace"; "" for the daemon itself. */
  readonly path: string
}

/** What is known so far, for the checks that no single value can decide. */
export interface ReadContext {
  readonly problems: Problems
  /** Each place where the bundle names a daemon. */
  readonly references: Reference[]
  /** Those of them that wait until it is done. */
  readonly doneReferences: Reference[]
  /** Which daemon claims a pattern of environment variables. */
  readonly claims: Map<string, string>
}

interface Reference {
  readonly name: string
  readonly offset: number
  readonly location: Location
}

export function childLocation(location: Location, key: string): Location {
  return { ...location, path: location.path === '' ? key : `${location.path}.${key}` }
}

/** Reports a problem. @returns undefined, so that a reader can end with it. */
export function reportProblem(
  location: Location,
  offset: number,
  message: string,
  hint?: Hint,
): undefined {
  const { daemon, path } = location
  const parts = [daemon === null ? '' : `daemon ${quote(daemon)}`, path, message]
  location.context.problems.add(offset, parts.filter((part) => part !== '').join(': '), hint)
}

/** Reports that something else was expected. */
export function reportMismatch(
  location: Location,
  value: Value,
  expected: string,
  hint?: Hint,
): undefined {
  if (value.kind === 'broken') return
  if (value.kind === 'text' && isNull(value) && value.text === '') {
    return reportProblem(location, value.offset, 'has no value', 'give it one, or remove the key')
  }
  const found = value.kind === 'text' ? quote(value.text) : `a ${value.kind}`
  reportProblem(location, value.offset, `expected ${expected}, found ${found}`, hint)
}
