/** YAML 1.2 text → tree. JSON is YAML, so it takes the same way. The `yaml` package reads the
 *  grammar; everything that depends on the size of the input twice over is done here instead: its
 *  check for duplicate keys compares each key with each, and its aliases are looked up by walking
 *  the whole document. The failsafe schema leaves every scalar as it was written, see tree.ts. */
import type { CST, Node, Pair, YAMLMap } from 'yaml'
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
} from 'yaml'
import { type Hint, type Problems, quote } from './problems.ts'
import type { Entry, Text, Value } from './tree.ts'

/** What the parser may have open at once: one or two a level, of which a bundle needs seven. */
const maxOpenNodes = 80
/** How many values all aliases together may stand for: more is an attack, or a mistake. */
const maxAliased = 100_000

/** @returns The root of the tree, or null when the text cannot be used and `problems` say why. */
export function parseTree(text: string, problems: Problems): Value | null {
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false } as const
  const documents = [...new Composer(options).compose(tokens(text, problems), true, text.length)]
  reportSyntax(documents, problems)
  const [first, second] = documents
  if (problems.count() > 0) return null
  if (first?.contents === undefined || first.contents === null || isEmpty(first)) {
    problems.add(0, 'the bundle is empty', 'it needs at least: daemons: { NAME: { command: […] } }')
    return null
  }
  if (second !== undefined) {
    const hint = 'remove the line "---" or everything behind it'
    problems.add(second.range[0], 'a second document begins here, a bundle has one', hint)
    return null
  }
  return convert(first.contents, { problems, anchors: new Map(), aliased: 0 }).value
}

/** The parser's tokens, until they are nested so deeply that recursion would be a risk. */
function* tokens(text: string, problems: Problems): Generator<CST.Token, void> {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length <= maxOpenNodes) continue
    const hint = 'a bundle needs no more than seven levels'
    problems.add(parser.offset, 'the lists and maps are nested too deeply', hint)
    return
  }
  yield* parser.end()
}

/** One mistake may make several errors at one place; the first of them is shown. */
function reportSyntax(documents: readonly Document[], problems: Problems): void {
  let last = -1
  for (const document of documents) {
    for (const { code, message, pos } of document.errors) {
      if (pos[0] === last) continue
      last = pos[0]
      const words = message.charAt(0).toLowerCase() + message.slice(1)
      const hint = words.includes(' end with a ') ? 'close the bracket before this place' : null
      problems.add(pos[0], `not valid YAML: ${words}`, hint ?? syntaxHints[code] ?? null)
    }
  }
}

const syntaxHints: Readonly<Record<string, string | undefined>> = {
  BAD_INDENT: 'lines of one level begin in the same column',
  BAD_SCALAR_START: 'put quotes around the text',
  BLOCK_AS_IMPLICIT_KEY: 'put quotes around text that has ": " in it, or indent a nested map',
  TAB_AS_INDENT: 'indent with spaces',
}

function isEmpty({ contents }: Document): boolean {
  return isScalar(contents) && contents.type === 'PLAIN' && contents.source === ''
}

/** A converted value and how many values it stands for, aliases counted in full. */
interface Converted {
  readonly value: Value
  readonly size: number
}

interface Context {
  readonly problems: Problems
  /** `open` while the anchor's own value is being read: an alias in it would have no end. */
  readonly anchors: Map<string, Converted | 'open'>
  aliased: number
}

function convert(node: Node, context: Context): Converted {
  const offset = node.range?.[0] ?? 0
  if (isAlias(node)) return resolveAlias(node, offset, context)
  const { anchor, tag } = node as { anchor?: string; tag?: string }
  if (tag !== undefined && isExplicitTag(tag)) {
    const hint = 'remove it: the bundle file knows by itself what is text and what is a number'
    return brokenValue(context, offset, `tag ${quote(tag)} is not known`, hint)
  }
  if (anchor !== undefined) context.anchors.set(anchor, 'open')
  const converted = convertContent(node, offset, context)
  if (anchor !== undefined) context.anchors.set(anchor, converted)
  return converted
}

/** The parser notes the tag of a collection even where none was written. */
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
    const hint = 'no command, path or variable can hold one: remove it'
    return brokenValue(context, offset, 'a NUL byte in a text', hint)
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

/** @returns null when the entry cannot be used, and a problem says why. */
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
    problems.add(key.offset, 'cannot merge with "<<"', hint)
    return null
  }
  if (!known.has(key.text)) return key
  problems.add(key.offset, `${quote(key.text)} is there twice`, 'remove one of them, or rename it')
  return null
}

function resolveAlias(node: Alias, offset: number, context: Context): Converted {
  const target = context.anchors.get(node.source)
  if (target === undefined) {
    const hint = `write &${node.source} in front of an earlier value`
    return brokenValue(context, offset, `alias *${node.source} has no anchor`, hint)
  }
  if (target === 'open') {
    const message = `alias *${node.source} stands inside the value it stands for`
    return brokenValue(context, offset, message, 'repeat the value, or leave it out')
  }
  const before = context.aliased
  context.aliased += target.size
  if (context.aliased <= maxAliased) return target
  // Said once; whatever follows is as much too much.
  if (before > maxAliased) return { value: { kind: 'broken', offset }, size: 1 }
  const message = `the aliases stand for more than ${maxAliased} values`
  return brokenValue(context, offset, message, 'use fewer of them')
}

function brokenValue(context: Context, offset: number, message: string, hint: Hint): Converted {
  context.problems.add(offset, message, hint)
  return { value: { kind: 'broken', offset }, size: 1 }
}
