/** Parses docs/PROTOCOL.md: verbs, permissions, arguments and answers. It does not use the
 *  tables of src/control, so that a test can compare the page itself with the real binary. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pitcrew.ts'

export interface Field {
  readonly name: string
  /** "text, at most 48 characters; or null" */
  readonly type: string
  readonly mayBeAbsent: boolean
  readonly fields: readonly Field[]
}

interface PageVerb {
  readonly name: string
  /** "look", "operate", "to be a daemon" */
  readonly needs: string
  readonly args: readonly Field[]
  /** Empty when the verb has no items, or items of several forms. */
  readonly item: readonly Field[]
  readonly done: readonly Field[]
}

const page: string = readFileSync(join(root, 'docs/PROTOCOL.md'), 'utf8')

export function pageVerbs(): PageVerb[] {
  return section('Verbs')
    .split(/^### /m)
    .slice(1)
    .map((text) => ({
      name: text.slice(0, text.indexOf('\n')),
      needs: /Needs: (.+)\.$/m.exec(text)?.[1] ?? '',
      args: fieldsUnder(text, 'args'),
      item: text.includes('\n`item`:') ? fieldsUnder(text, 'item') : [],
      done: fieldsUnder(text, 'done'),
    }))
}

/** The JSON examples of the page. */
export function pageExamples(): Readonly<Record<string, unknown>>[] {
  return [...page.matchAll(/^(?:[<>] )?(\{.*\})$/gm)].map(([, json]) =>
    JSON.parse((json as string).replace(',…', '')),
  )
}

/** "- `USAGE`: 2" */
export function pageCodes(): [code: string, exit: number][] {
  const lines = section('Codes').matchAll(/^- `(\w+)`: (\d+)$/gm)
  return [...lines].map(([, code, exit]) => [code as string, Number(exit)])
}

export function section(title: string): string {
  const text = page.split(/^## /m).find((one) => one.startsWith(`${title}\n`))
  if (text === undefined) throw new Error(`docs/PROTOCOL.md has no section "${title}"`)
  return text
}

function fieldsUnder(text: string, title: string): Field[] {
  const list = text.split(`\n\`${title}\`:`)[1]
  if (list === undefined) throw new Error(`no "${title}" in:\n${text}`)
  const lines = list.split('\n').slice(2)
  const end = lines.findIndex((line) => !line.trimStart().startsWith('- '))
  return nested(lines.slice(0, end < 0 ? undefined : end))
}

/** Indented lines are fields of the entry above them. */
function nested(lines: readonly string[]): Field[] {
  const fields: Field[] = []
  lines.forEach((line, index) => {
    const [, indent = '', name = '', rest = ''] = /^( *)- `(\w+)`: (.*)$/.exec(line) ?? []
    if (indent !== '') return
    const below = lines.slice(index + 1)
    const end = below.findIndex((other) => !other.startsWith('  '))
    const inside = below.slice(0, end < 0 ? undefined : end).map((other) => other.slice(2))
    const is = (rest.split('. ')[0] as string).replace('; may be absent', '')
    fields.push({
      name,
      type: is,
      mayBeAbsent: rest.split('. ')[0] !== is,
      fields: nested(inside),
    })
  })
  return fields
}

/** Where a value differs from the page. */
export function mismatches(value: unknown, fields: readonly Field[], place: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${place}: no object`]
  const names = fields.map(({ name }) => name)
  const extra = Object.keys(value).filter((name) => !names.includes(name))
  return [
    ...extra.map((name) => `${place}.${name}: not on the page`),
    ...fields.flatMap((field) => {
      const found = (value as Record<string, unknown>)[field.name]
      if (found === undefined && field.mayBeAbsent) return []
      return fieldMismatches(found, field, `${place}.${field.name}`)
    }),
  ]
}

function fieldMismatches(
  value: unknown,
  { type, fields, ...rest }: Field,
  place: string,
): string[] {
  if (value === null && type.endsWith('; or null')) return []
  const kind = type.replace('; or null', '')
  if (kind.startsWith('a list of: ')) {
    if (!Array.isArray(value)) return [`${place}: no list`]
    const item = { ...rest, type: kind.slice('a list of: '.length), fields }
    return value.flatMap((one, index) => fieldMismatches(one, item, `${place}[${index}]`))
  }
  if (kind === 'an object') return mismatches(value, fields, place)
  return isKind(value, kind) ? [] : [`${place}: ${JSON.stringify(value)} is not ${kind}`]
}

function isKind(value: unknown, kind: string): boolean {
  const [, most] = /^text, at most (\d+) characters$/.exec(kind) ?? []
  if (most !== undefined) return typeof value === 'string' && value.length <= Number(most)
  if (kind === 'true or false') return typeof value === 'boolean'
  if (kind.startsWith('"')) return kind.split(' or ').includes(JSON.stringify(value))
  if (kind.startsWith('a whole number')) {
    return Number.isInteger(value) && (value as number) >= (kind.endsWith('from 1') ? 1 : 0)
  }
  if (/^(milliseconds|KiB|from 0)/.test(kind)) return typeof value === 'number' && value >= 0
  throw new Error(`unknown type on the page: ${kind}`)
}
