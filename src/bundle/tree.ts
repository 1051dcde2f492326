/** A bundle file as a tree of what was written: text, lists and maps, each with its place. No value
 *  has a type yet, because only the schema knows what is wanted where: `8080` in a command is the
 *  text "8080" and `022` as a umask is octal, whatever YAML would make of them. */

export type Value = Text | List | Fields | Broken

export interface Text {
  readonly kind: 'text'
  /** As written, without quotes and with escapes resolved. */
  readonly text: string
  /** Quoted, or a block of text: never a number, a boolean or nothing. */
  readonly quoted: boolean
  readonly offset: number
}

interface List {
  readonly kind: 'list'
  readonly items: readonly Value[]
  readonly offset: number
}

interface Fields {
  readonly kind: 'map'
  /** In the order of the file; no key is there twice. */
  readonly entries: readonly Entry[]
  readonly offset: number
}

export interface Entry {
  readonly key: string
  /** Where the key is. */
  readonly offset: number
  readonly value: Value
}

/** Something was here, and its problem has been reported: nobody complains about it again. */
interface Broken {
  readonly kind: 'broken'
  readonly offset: number
}

/** The entry of a map with this key. */
export function findEntry(value: Value | undefined, key: string): Entry | undefined {
  return value?.kind === 'map' ? value.entries.find((entry) => entry.key === key) : undefined
}

/** `key:` with nothing behind it, or one of YAML's words for nothing. */
export function isNull(value: Value): boolean {
  return value.kind === 'text' && !value.quoted && nullWords.includes(value.text)
}

const nullWords: readonly string[] = ['', '~', 'null', 'Null', 'NULL']
