/** Where a value of the bundle belongs, in the words of a message, and how a problem with it is
 *  put. */
import { type Hint, type Problems, quote } from './problems.ts'
import { isNothing, type Value } from './tree.ts'

/** undefined: a problem was reported. */
export type Reader<T> = (value: Value, place: Place) => T | undefined

/** Where in the bundle a value belongs, in the words of a message. */
export interface Place {
  readonly reading: Reading
  readonly daemon: string | null
  /** Keys from the daemon (or the top) down: "stop.grace"; "" for the daemon itself. */
  readonly path: string
}

/** What is known so far, for the checks that no single value can decide. */
export interface Reading {
  readonly problems: Problems
  /** Each place where the bundle names a daemon. */
  readonly uses: Use[]
  /** Those of them that wait until it is done. */
  readonly dones: Use[]
  /** Which daemon claims a pattern of environment variables. */
  readonly claims: Map<string, string>
}

interface Use {
  readonly name: string
  readonly at: number
  readonly place: Place
}

export function inside(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` }
}

/** Reports a problem. @returns undefined, so that a reader can end with it. */
export function complain(place: Place, at: number, message: string, hint?: Hint): undefined {
  const { daemon, path } = place
  const parts = [daemon === null ? '' : `daemon ${quote(daemon)}`, path, message]
  place.reading.problems.add(at, parts.filter((part) => part !== '').join(': '), hint)
}

/** Reports that something else was expected. */
export function mismatch(place: Place, value: Value, expected: string, hint?: Hint): undefined {
  if (value.kind === 'broken') return
  if (value.kind === 'text' && isNothing(value) && value.text === '') {
    return complain(place, value.at, 'has no value', 'give it one, or remove the key')
  }
  const found = value.kind === 'text' ? quote(value.text) : `a ${value.kind}`
  complain(place, value.at, `expected ${expected}, found ${found}`, hint)
}
