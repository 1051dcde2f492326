/** A bundle file as a tree of text, lists and maps, each with its offset. Values have no type yet,
 *  because it depends on the key: `8080` in a command is the text "8080", and `022` as a umask is
 *  octal, whatever YAML would make of them. */

export type Value = Text | List | Fields | Broken

export interface Text {
  readonly kind: 'text'
  /** The text without quotes, with escapes resolved. */
  readonly text: string
  /** Quoted, or a block scalar: never a number, a boolean or null. */
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
  /** In the order of the file; keys are unique. */
  readonly entries: readonly Entry[]
  readonly offset: number
}

export interface Entry {
  readonly key: string
  /** The offset of the key. */
  readonly offset: number
  readonly value: Value
}

/** A value with a problem that has been reported; readers do not report it again. */
interface Broken {
  readonly kind: 'broken'
  readonly offset: number
}

/** The entry of a map with this key. */
export function findEntry(value: Value | undefined, key: string): Entry | undefined {
  return value?.kind === 'map' ? value.entries.find((entry) => entry.key === key) : undefined
}

/** Whether the value is empty (`key:`) or one of YAML's spellings of null. */
export function isNull(value: Value): boolean {
  return value.kind === 'text' && !value.quoted && nullWords.includes(value.text)
}

const nullWords: readonly string[] = ['', '~', 'null', 'Null', 'NULL']
