/** The parts of the table in check-plan.ts: each checks a value and returns its problem and its
 *  place. PID 1 has neither a validation library nor regular expressions. */

/** Returns the problem of a value and its place; null = none. */
export type Check = (value: unknown, place: string) => string | null

export const text: Check = (value, place) =>
  typeof value === 'string' && !value.includes('\0') ? null : `${place}: expected text`
export const flag: Check = (value, place) =>
  typeof value === 'boolean' ? null : `${place}: expected true or false`

/** An object with exactly these fields. */
export function fields(shape: Readonly<Record<string, Check>>): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    for (const [key, check] of Object.entries(shape)) {
      const problem = check(value[key], place === '' ? key : `${place}.${key}`)
      if (problem !== null) return problem
    }
    const extra = Object.keys(value).find((key) => !Object.hasOwn(shape, key))
    return extra === undefined ? null : `${place === '' ? 'plan' : place}: unknown field "${extra}"`
  }
}

/** One of several objects, distinguished by their field `type`. */
export function variant(shapes: Readonly<Record<string, Readonly<Record<string, Check>>>>): Check {
  const checks = new Map(
    Object.entries(shapes).map(([type, shape]) => [type, fields({ type: text, ...shape })]),
  )
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    const check = checks.get(value.type as string)
    return check === undefined
      ? `${place}.type: expected a type that is known`
      : check(value, place)
  }
}

/** One of a few words. */
export function oneOf(words: readonly string[]): Check {
  return textThat(words.join(' or '), (value) => words.includes(value))
}

export function record(key: Check, item: Check): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    for (const [name, entry] of Object.entries(value)) {
      const problem = key(name, `${place}.${name}`) ?? item(entry, `${place}.${name}`)
      if (problem !== null) return problem
    }
    return null
  }
}

export function list(item: Check, atLeast = 0, atMost: number = Number.MAX_SAFE_INTEGER): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place}: expected a list`
    if (value.length < atLeast) return `${place}: expected at least ${atLeast} in the list`
    if (value.length > atMost) return `${place}: expected at most ${atMost} in the list`
    for (const [index, entry] of value.entries()) {
      const problem = item(entry, `${place}[${index}]`)
      if (problem !== null) return problem
    }
    return null
  }
}

export function orNull(check: Check): Check {
  return (value, place) => {
    const problem = value === null ? null : check(value, place)
    // "or null" does not help with a problem further inside.
    return problem?.startsWith(`${place}: `) ? `${problem} or null` : problem
  }
}

export function textThat(what: string, holds: (value: string) => boolean): Check {
  return (value, place) =>
    text(value, place) === null && holds(value as string) ? null : `${place}: expected ${what}`
}

export function integer(atLeast: number, atMost: number, what: string): Check {
  return (value, place) =>
    Number.isSafeInteger(value) && Number(value) >= atLeast && Number(value) <= atMost
      ? null
      : `${place}: expected ${what}`
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
