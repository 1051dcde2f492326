/** Schemas of the values in requests and answers. Each is stated once and used three times: to
 *  check requests, to type them (the compiler compares each schema with its interface), and to
 *  generate docs/PROTOCOL.md. */
import {
  type Check,
  flag as checkFlag,
  list as checkList,
  text as checkText,
  integer,
  isRecord,
  orNull,
  textThat,
} from '../../core/plan/shape.ts'

export interface Schema<T> {
  /** The allowed values: "text", "true or false", "a number of milliseconds". */
  readonly is: string
  /** The meaning. */
  readonly doc: string
  readonly check: Check
  /** The fields of an object, in order; null = no object. */
  readonly fields: Readonly<Record<string, Schema<unknown>>> | null
  readonly isOptional: boolean
  /** Always absent: carries the type for the compiler. */
  readonly type?: T
}

export function text(doc: string, atMost: number): Schema<string> {
  const is = `text, at most ${atMost} characters`
  const check: Check = (value, place) =>
    checkText(value, place) === null && (value as string).length <= atMost
      ? null
      : `${place}: expected ${is}`
  return { is, doc, check, fields: null, isOptional: false }
}

export function oneOf<const T extends string>(doc: string, words: readonly T[]): Schema<T> {
  const is = words.map((word) => JSON.stringify(word)).join(' or ')
  const known: readonly string[] = words
  const check = textThat(is, (value) => known.includes(value))
  return { is, doc, check, fields: null, isOptional: false }
}

export function flag(doc: string): Schema<boolean> {
  return { is: 'true or false', doc, check: checkFlag, fields: null, isOptional: false }
}

/** @param is The allowed values with their unit: "milliseconds from 1 to 3600000". */
export function whole(doc: string, is: string, atLeast: number, atMost: number): Schema<number> {
  return { is, doc, check: integer(atLeast, atMost, is), fields: null, isOptional: false }
}

/** Any number; for answers only. */
export function number(doc: string, is: string): Schema<number> {
  const check: Check = (value, place) =>
    typeof value === 'number' ? null : `${place}: expected ${is}`
  return { is, doc, check, fields: null, isOptional: false }
}

export function list<T>(doc: string, item: Schema<T>, atMost?: number): Schema<readonly T[]> {
  const check = checkList(item.check, 0, atMost)
  return { is: `a list of: ${item.is}`, doc, check, fields: item.fields, isOptional: false }
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return { ...schema, is: `${schema.is}; or null`, check: orNull(schema.check) } as Schema<T | null>
}

/** The field may be absent. */
export function optional<T>(schema: Schema<T>): Schema<T> {
  const check: Check = (value, place) => (value === undefined ? null : schema.check(value, place))
  return { ...schema, check, isOptional: true }
}

type FieldsOf<T> = { readonly [K in keyof T]-?: Schema<Exclude<T[K], undefined>> }

/** An object with exactly these fields. */
export function object<T>(doc: string, fields: FieldsOf<T>): Schema<T> {
  const shape = fields as Readonly<Record<string, Schema<unknown>>>
  const check: Check = (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    for (const [key, field] of Object.entries(shape)) {
      const problem = field.check(value[key], place === '' ? key : `${place}.${key}`)
      if (problem !== null) return problem
    }
    const extra = Object.keys(value).find((key) => !Object.hasOwn(shape, key))
    if (extra === undefined) return null
    const known = Object.keys(shape).join(', ')
    return `${place === '' ? 'the request' : place}: unknown "${extra}", known: ${known || 'nothing'}`
  }
  return { is: 'an object', doc, check, fields: shape, isOptional: false }
}
