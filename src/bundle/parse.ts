/** Parses YAML 1.2 to a tree; JSON is a subset of YAML. The `yaml` package parses the grammar. Its
 *  quadratic parts are replaced: its check for duplicate keys compares all pairs, and it resolves
 *  an alias by walking the document. The failsafe schema keeps scalars as written, see tree.ts. */
import type { CST, Node, Pair, YAMLMap } from 'yaml'
import { type Alias, Composer, type Document, isAlias, isMap, isScalar, isSeq, Parser } from 'yaml'
import { type Hint, type Problems, quote } from './problems.ts'
import type { Entry, Text, Value } from './tree.ts'

/** The limit of the parser's stack: a level takes one or two entries, a bundle has seven levels. */
const maxOpenNodes = 80
/** The number of values that all aliases together may expand to. */
const maxAliased = 100_000

const options = {
  schema: 'failsafe',
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
} as const

/** @returns The root of the tree; null if the text cannot be used, and `problems` say why. */
export function parseTree(text: string, problems: Problems): Value | null {
  const documents = [...new Composer(options).compose(tokens(text, problems), true, text.length)]
  reportSyntax(documents, problems)
  const [first, second] = documents
  if (problems.count() > 0) return null
  if (first?.contents === undefined || first.contents === null || isEmpty(first)) {
    problems.add(0, 'the bundle is empty', 'add daemons: { NAME: { command: […] } }')
    return null
  }
  if (second !== undefined) {
    const hint = 'remove the line "---", or everything after it'
    problems.add(second.range[0], 'a second document begins here; a bundle has one', hint)
    return null
  }
  return convert(first.contents, { problems, anchors: new Map(), aliased: 0 }).value
}

/** The parser's tokens; none if it stops at a depth at which recursion would become a risk. */
function tokens(text: string, problems: Problems): readonly CST.Token[] {
  const parser = new Parser()
  parser.stack = new OpenNodes()
  try {
    return [...parser.parse(text)]
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    const hint = 'a bundle has at most seven levels'
    problems.add(parser.offset, 'lists and maps are nested too deeply', hint)
    return []
  }
}

class TooDeep extends Error {}

/** The parser's stack. */
class OpenNodes extends Array<CST.Token> {
  override push(node: CST.Token): number {
    if (this.length === maxOpenNodes) throw new TooDeep()
    return super.push(node)
  }
}

/** One mistake can cause several errors at one offset; only the first is reported. */
function reportSyntax(documents: readonly Document[], problems: Problems): void {
  let last = -1
  for (const document of documents) {
    for (const { code, message, pos } of document.errors) {
      if (pos[0] === last) continue
      last = pos[0]
      const words = message.charAt(0).toLowerCase() + message.slice(1)
      const hint = words.includes(' end with a ') ? 'close the bracket before this position' : null
      problems.add(pos[0], `not valid YAML: ${words}`, hint ?? syntaxHints[code] ?? null)
    }
  }
}

const syntaxHints: Readonly<Record<string, string | undefined>> = {
  BAD_INDENT: 'indent all lines of a level equally',
  BAD_SCALAR_START: 'put quotes around the text',
  BLOCK_AS_IMPLICIT_KEY: 'put quotes around text that has ": " in it, or indent a nested map',
  TAB_AS_INDENT: 'indent with spaces',
}

function isEmpty({ contents }: Document): boolean {
  return isScalar(contents) && contents.type === 'PLAIN' && contents.source === ''
}

/** A value, and the number of values in it, with aliases expanded. */
interface Converted {
  readonly value: Value
  readonly size: number
}

interface Context {
  readonly problems: Problems
  /** `open` while the anchor's own value is converted: an alias to it would never end. */
  readonly anchors: Map<string, Converted | 'open'>
  aliased: number
}

function convert(node: Node, context: Context): Converted {
  const offset = node.range?.[0] ?? 0
  if (isAlias(node)) return resolveAlias(node, offset, context)
  const { anchor, tag } = node as { anchor?: string; tag?: string }
  if (tag !== undefined && isExplicitTag(tag)) {
    const hint = 'remove it: the key determines the type of its value'
    return brokenValue(context, offset, `unknown tag ${quote(tag)}`, hint)
  }
  if (anchor !== undefined) context.anchors.set(anchor, 'open')
  const converted = convertContent(node, offset, context)
  if (anchor !== undefined) context.anchors.set(anchor, converted)
  return converted
}

/** Tags of the failsafe schema also come from the parser, where none was written. */
function isExplicitTag(tag: string): boolean {
  return !/^tag:yaml\.org,2002:(str|map|seq)$/.test(tag) && tag !== '!'
}

function convertContent(node: Node, offset: number, context: Context): Converted {
  if (isScalar(node)) return convertScalar(node, offset, context)
  return isMap(node) ? convertMap(node, offset, context) : convertList(node, offset, context)
}

function convertScalar(node: Node, offset: number, context: Context): Converted {
  const { source = '', type } = node as { source?: string; type?: string }
  const invalid = /[\0\uFFFD\uD800-\uDFFF]/u.exec(source)?.[0]
  if (invalid === '\0') {
    const hint = 'remove it: no command, path or variable can contain one'
    return brokenValue(context, offset, 'text contains a NUL byte', hint)
  }
  if (invalid !== undefined) {
    return brokenValue(
      context,
      offset,
      `${quote(source)} is not valid UTF-8`,
      'save the file as UTF-8',
    )
  }
  return { value: { kind: 'text', text: source, quoted: type !== 'PLAIN', offset }, size: 1 }
}

function convertList(node: Node, offset: number, context: Context): Converted {
  const items: Value[] = []
  let size = 1
  for (const item of isSeq<Node>(node) ? node.items : []) {
    const converted = convert(item, context)
    items.push(converted.value)
    size += converted.size
  }
  return { value: { kind: 'list', items, offset }, size }
}

function convertMap(node: YAMLMap, offset: number, context: Context): Converted {
  const entries = new Map<string, Entry>()
  let size = 1
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const key = convertKey(pair.key, entries, context)
    if (key === null) continue
    const empty: Text = { kind: 'text', text: '', quoted: false, offset: key.offset }
    const converted = pair.value === null ? { value: empty, size: 1 } : convert(pair.value, context)
    entries.set(key.text, { key: key.text, offset: key.offset, value: converted.value })
    size += converted.size
  }
  return { value: { kind: 'map', entries: [...entries.values()], offset }, size }
}

/** @returns null if the entry cannot be used; the problem has been reported. */
function convertKey(node: Node, known: ReadonlyMap<string, Entry>, context: Context): Text | null {
  const { problems } = context
  const key = convert(node, context).value
  if (key.kind === 'broken') return null
  if (key.kind !== 'text') {
    problems.add(key.offset, `a ${key.kind} cannot be a key`, 'write NAME: VALUE')
    return null
  }
  if (key.text === '<<' && !key.quoted) {
    const hint = 'YAML 1.2 has no merge keys: repeat the keys, or alias a whole value'
    problems.add(key.offset, '"<<" is not supported', hint)
    return null
  }
  if (!known.has(key.text)) return key
  problems.add(key.offset, `duplicate key ${quote(key.text)}`, 'remove or rename one of them')
  return null
}

function resolveAlias(node: Alias, offset: number, context: Context): Converted {
  const target = context.anchors.get(node.source)
  if (target === undefined) {
    const hint = `write &${node.source} before an earlier value`
    return brokenValue(context, offset, `alias *${node.source} has no anchor`, hint)
  }
  if (target === 'open') {
    const message = `alias *${node.source} is inside its own anchor`
    return brokenValue(context, offset, message, 'remove the alias, or repeat the value')
  }
  const before = context.aliased
  context.aliased += target.size
  if (context.aliased <= maxAliased) return target
  // Report the excess once.
  if (before > maxAliased) return { value: { kind: 'broken', offset }, size: 1 }
  const message = `aliases expand to more than ${maxAliased} values`
  return brokenValue(context, offset, message, 'use fewer aliases')
}

function brokenValue(context: Context, offset: number, message: string, hint: Hint): Converted {
  context.problems.add(offset, message, hint)
  return { value: { kind: 'broken', offset }, size: 1 }
}
