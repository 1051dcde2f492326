/** Where a value is in the bundle, in the words of a message, and how its problem is reported. */
import { type Hint, type Problems, quote } from './problems.ts'
import { isNull, type Value } from './tree.ts'

/** Reads a value of the tree. @returns undefined after a problem was reported. */
export type Reader<T> = (value: Value, location: Location) => T | undefined

export interface Location {
  readonly context: ReadContext
  readonly daemon: string | null
  /** The keys below the daemon, or below the top: "stop.grace"; "" for the daemon itself. */
  readonly path: string
}

/** Collected while reading, for the checks that need the whole bundle. */
export interface ReadContext {
  readonly problems: Problems
  /** Every reference to a daemon. */
  readonly references: Reference[]
  /** The references that wait until the daemon is done. */
  readonly doneReferences: Reference[]
  /** The daemon that claims a pattern of environment variables. */
  readonly claims: Map<string, string>
}

interface Reference {
  readonly name: string
  readonly offset: number
  readonly location: Location
}

export function childLocation(location: Location, key: string): Location {
  const { context, daemon, path } = location
  return { context, daemon, path: path === '' ? key : `${path}.${key}` }
}

/** Reports a problem. @returns undefined, so that a reader can return the call. */
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

/** Reports that another kind of value was expected. */
export function reportMismatch(
  location: Location,
  value: Value,
  expected: string,
  hint?: Hint,
): undefined {
  if (value.kind === 'broken') return
  if (value.kind === 'text' && isNull(value) && value.text === '') {
    return reportProblem(location, value.offset, 'has no value', 'add one, or remove the key')
  }
  const found = value.kind === 'text' ? quote(value.text) : `a ${value.kind}`
  reportProblem(location, value.offset, `expected ${expected}, found ${found}`, hint)
}
