/** Readers turn a value of the tree into a value of the plan, or report a problem at its location.
 *  A validation library would see only what YAML made of the text: it could not report lines and
 *  columns, tell `022` from `22`, or tell planned keys from unknown ones. Loading it would take
 *  longer than reading the bundle. */
import { formatDuration, parseDuration } from '../core/text/duration.ts'
import { didYouMean } from '../core/text/suggest.ts'
import {
  childLocation,
  type Location,
  type Reader,
  reportMismatch,
  reportProblem,
} from './location.ts'
import { quote } from './problems.ts'
import { type Entry, isNull, type Value } from './tree.ts'

/** Text as written, also of a number or a boolean. */
export const text: Reader<string> = (value, location) => {
  if (value.kind !== 'text') return reportMismatch(location, value, 'text')
  if (!isNull(value)) return value.text
  return reportMismatch(location, value, 'text', 'to use the word itself, put it in quotes')
}

/** Text that satisfies a condition. */
export function textMatching(accepts: (text: string) => boolean, expected: string): Reader<string> {
  return (value, location) => {
    const found = text(value, location)
    if (found === undefined || accepts(found)) return found
    return reportMismatch(location, value, expected)
  }
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Reader<T> {
  const expected = `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`
  return (value, location) => {
    const written = value.kind === 'text' ? value.text : ''
    const found = words.find((word) => word === written)
    return found ?? reportMismatch(location, value, expected, () => didYouMean(written, words))
  }
}

export const boolean: Reader<boolean> = (value, location) => {
  const plain = plainText(value)
  if (plain !== null && /^(true|True|TRUE)$/.test(plain)) return true
  if (plain !== null && /^(false|False|FALSE)$/.test(plain)) return false
  return reportMismatch(location, value, 'true or false', unquote(value))
}

export function integer(min: number, max: number): Reader<number> {
  return (value, location) => {
    const plain = plainText(value)
    const expected = `a whole number from ${min} to ${max}`
    const number = plain !== null && /^\d+$/.test(plain) ? Number(plain) : Number.NaN
    if (number >= min && number <= max) return number
    return reportMismatch(location, value, expected, unquote(value))
  }
}

/** Milliseconds. */
export function duration(minMs: number, maxMs: number): Reader<number> {
  return (value, location) => {
    const written = value.kind === 'text' ? value.text : ''
    const ms = parseDuration(written)
    if (ms === null) {
      const hint = /^[\d.]+$/.test(written)
        ? `a number needs a unit: ${written}s or ${written}ms`
        : 'write 500ms, 9s or 1m30s'
      return reportMismatch(location, value, 'a duration', hint)
    }
    if (ms >= minMs && ms <= maxMs) return ms
    const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`
    return reportMismatch(location, value, `a duration ${range}`)
  }
}

export function list<T>(item: Reader<T>, hintForText?: (text: string) => string): Reader<T[]> {
  return (value, location) => {
    if (value.kind !== 'list') {
      return reportMismatch(location, value, 'a list', listHint(value, hintForText))
    }
    const items: T[] = []
    for (const entry of value.items) {
      const found = item(entry, location)
      if (found !== undefined) items.push(found)
    }
    return items
  }
}

/** A list without repetitions: a repetition is a mistake. */
export function uniqueList<T extends string | number>(item: Reader<T>): Reader<T[]> {
  return (value, location) => {
    const seen = new Set<T>()
    const uniqueItem: Reader<T> = (entry, parent) => {
      const found = item(entry, parent)
      if (found === undefined || !seen.has(found)) {
        if (found !== undefined) seen.add(found)
        return found
      }
      const message = `${quote(String(found))} is listed twice`
      return reportProblem(parent, entry.offset, message, 'remove one of them')
    }
    return list(uniqueItem)(value, location)
  }
}

function listHint(value: Value, hintForText?: (text: string) => string): string | null {
  if (value.kind !== 'text' || value.text === '') return null
  return hintForText === undefined ? `write [${value.text}]` : hintForText(value.text)
}

/** A map with any keys. `item` reads a value and checks its key. */
export function mapOf<T>(
  item: (entry: Entry, location: Location) => T | undefined,
): Reader<(readonly [key: string, value: T])[]> {
  return (value, location) => {
    if (value.kind !== 'map') return reportMismatch(location, value, 'a map')
    const found: (readonly [string, T])[] = []
    for (const entry of value.entries) {
      const result = item(entry, location)
      if (result !== undefined) found.push([entry.key, result])
    }
    return found
  }
}

/**
 * A map with these keys and no others.
 *
 * @param plannedKeys Keys of a later version: refused with a message of their own, never ignored.
 * @returns The fields that could be read.
 */
export function fields<T extends object>(
  readers: { readonly [K in keyof T]: Reader<T[K]> },
  plannedKeys: readonly string[] = [],
): Reader<Partial<T>> {
  const knownKeys = Object.keys(readers)
  return (value, location) => {
    if (value.kind !== 'map') {
      return reportMismatch(location, value, 'a map', `keys: ${knownKeys.join(', ')}`)
    }
    const found: Partial<T> = {}
    for (const { key, offset, value: entry } of value.entries) {
      if (Object.hasOwn(readers, key)) {
        const name = key as keyof T
        setField(found, name, readers[name](entry, childLocation(location, key)))
      } else {
        reportUnknownKey(key, offset, location, knownKeys, plannedKeys)
      }
    }
    return found
  }
}

function setField<T extends object, K extends keyof T>(
  found: Partial<T>,
  key: K,
  result: T[K] | undefined,
): void {
  if (result !== undefined) found[key] = result
}

function reportUnknownKey(
  key: string,
  offset: number,
  location: Location,
  knownKeys: readonly string[],
  plannedKeys: readonly string[],
): void {
  if (plannedKeys.includes(key)) {
    reportProblem(location, offset, `${quote(key)} is not yet supported`, 'remove it')
  } else {
    reportProblem(location, offset, `unknown key ${quote(key)}`, () => {
      return didYouMean(key, [...knownKeys, ...plannedKeys]) ?? `known: ${knownKeys.join(', ')}`
    })
  }
}

/** A quoted value is text. */
function unquote(value: Value): string | null {
  return value.kind === 'text' && value.quoted ? 'remove the quotes' : null
}

function plainText(value: Value): string | null {
  return value.kind === 'text' && !value.quoted ? value.text : null
}
