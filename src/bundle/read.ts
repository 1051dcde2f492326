/** Readers: from a value of the tree to a value of the plan, or a problem at its place. They are
 *  ours and not a validation library's because a library sees what YAML made of the text: it can
 *  neither say where something stands, nor tell `022` from `22`, nor "not yet" from "unknown"; and
 *  it would cost the parsing helper more time to load than the bundle takes to read. */
import { formatDuration, parseDuration } from '../core/text/duration.ts'
import { didYouMean } from '../core/text/suggest.ts'
import { complain, inside, mismatch, type Place, type Reader } from './location.ts'
import { quote } from './problems.ts'
import { type Entry, isNothing, type Value } from './tree.ts'

/** Text as it was written; a number or a boolean is its own text. */
export const text: Reader<string> = (value, place) => {
  if (value.kind !== 'text') return mismatch(place, value, 'text')
  if (!isNothing(value)) return value.text
  return mismatch(place, value, 'text', 'put quotes around it where the word itself is meant')
}

/** Text that a test accepts. */
export function textThat(holds: (text: string) => boolean, expected: string): Reader<string> {
  return (value, place) => {
    const found = text(value, place)
    if (found === undefined || holds(found)) return found
    return mismatch(place, value, expected)
  }
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Reader<T> {
  const expected = `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`
  return (value, place) => {
    const written = value.kind === 'text' ? value.text : ''
    const found = words.find((word) => word === written)
    return found ?? mismatch(place, value, expected, () => didYouMean(written, words))
  }
}

export const flag: Reader<boolean> = (value, place) => {
  const plain = plainText(value)
  if (plain !== null && /^(true|True|TRUE)$/.test(plain)) return true
  if (plain !== null && /^(false|False|FALSE)$/.test(plain)) return false
  return mismatch(place, value, 'true or false', unquote(value))
}

export function integer(atLeast: number, atMost: number): Reader<number> {
  return (value, place) => {
    const plain = plainText(value)
    const expected = `a whole number from ${atLeast} to ${atMost}`
    const number = plain !== null && /^\d+$/.test(plain) ? Number(plain) : Number.NaN
    if (number >= atLeast && number <= atMost) return number
    return mismatch(place, value, expected, unquote(value))
  }
}

/** Milliseconds. */
export function duration(atLeastMs: number, atMostMs: number): Reader<number> {
  return (value, place) => {
    const written = value.kind === 'text' ? value.text : ''
    const ms = parseDuration(written)
    if (ms === null) {
      const hint = /^[\d.]+$/.test(written)
        ? `a number needs a unit: ${written}s or ${written}ms`
        : 'write 500ms, 9s or 1m30s'
      return mismatch(place, value, 'a duration', hint)
    }
    if (ms >= atLeastMs && ms <= atMostMs) return ms
    const range = `from ${formatDuration(atLeastMs)} to ${formatDuration(atMostMs)}`
    return mismatch(place, value, `a duration ${range}`)
  }
}

export function list<T>(item: Reader<T>, hintForText?: (text: string) => string): Reader<T[]> {
  return (value, place) => {
    if (value.kind !== 'list') return mismatch(place, value, 'a list', listHint(value, hintForText))
    const items: T[] = []
    for (const entry of value.items) {
      const found = item(entry, place)
      if (found !== undefined) items.push(found)
    }
    return items
  }
}

/** A list of which no two items are equal: a repetition is a slip of the hand. */
export function listOfDifferent<T extends string | number>(item: Reader<T>): Reader<T[]> {
  return (value, place) => {
    const seen = new Set<T>()
    const itemOnce: Reader<T> = (entry, within) => {
      const found = item(entry, within)
      if (found === undefined || !seen.has(found)) {
        if (found !== undefined) seen.add(found)
        return found
      }
      const message = `${quote(String(found))} is there twice`
      return complain(within, entry.at, message, 'remove one of them')
    }
    return list(itemOnce)(value, place)
  }
}

function listHint(value: Value, hintForText?: (text: string) => string): string | null {
  if (value.kind !== 'text' || value.text === '') return null
  return hintForText === undefined ? `write [${value.text}]` : hintForText(value.text)
}

/** A map with any keys; `item` reads a value and checks its key. */
export function mapOf<T>(
  item: (entry: Entry, place: Place) => T | undefined,
): Reader<(readonly [key: string, value: T])[]> {
  return (value, place) => {
    if (value.kind !== 'map') return mismatch(place, value, 'a map')
    const found: (readonly [string, T])[] = []
    for (const entry of value.entries) {
      const result = item(entry, place)
      if (result !== undefined) found.push([entry.key, result])
    }
    return found
  }
}

/**
 * A map with these keys and no others.
 *
 * @param later Keys that are planned and not built: refused in words of their own, never ignored.
 * @returns What could be read.
 */
export function fields<T extends object>(
  readers: { readonly [K in keyof T]: Reader<T[K]> },
  later: readonly string[] = [],
): Reader<Partial<T>> {
  const known = Object.keys(readers)
  return (value, place) => {
    if (value.kind !== 'map')
      return mismatch(place, value, 'a map', `its keys: ${known.join(', ')}`)
    const found: Partial<T> = {}
    for (const { key, at, value: entry } of value.entries) {
      if (!Object.hasOwn(readers, key)) refuse(key, at, place, known, later)
      else keep(found, key as keyof T, readers[key as keyof T](entry, inside(place, key)))
    }
    return found
  }
}

function keep<T extends object, K extends keyof T>(
  found: Partial<T>,
  key: K,
  result: T[K] | undefined,
): void {
  if (result !== undefined) found[key] = result
}

function refuse(
  key: string,
  at: number,
  place: Place,
  known: readonly string[],
  later: readonly string[],
): void {
  if (later.includes(key)) {
    complain(place, at, `${quote(key)}: not yet, this version does not know it`, 'remove it')
  } else {
    complain(place, at, `unknown key ${quote(key)}`, () => {
      return didYouMean(key, [...known, ...later]) ?? `known: ${known.join(', ')}`
    })
  }
}

/** In quotes everything is text. */
function unquote(value: Value): string | null {
  return value.kind === 'text' && value.quoted ? 'remove the quotes' : null
}

function plainText(value: Value): string | null {
  return value.kind === 'text' && !value.quoted ? value.text : null
}
