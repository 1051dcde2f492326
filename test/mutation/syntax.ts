/** The syntax tree of a source file, without types. The parser is that of vitest. */
import { parseAst } from 'vitest/node'

type Program = ReturnType<typeof parseAst>
export type Statement = Program['body'][number]
type Expression = Extract<Statement, { type: 'ExpressionStatement' }>['expression']
export type Node = Statement | Expression
export type NodeOf<T extends Node['type']> = Extract<Node, { type: T }>

/** Any node of the tree, with its place in the text. */
export interface Part {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** A node of the tree with its ancestors. */
export interface Visit {
  readonly node: Part
  readonly parent: Visit | null
  /** The name of the function or constant around it; "" if there is none. */
  readonly inside: string
}

/** Every node that exists at run time, from the top of the file to its end. */
export function visitsOf(source: string): Visit[] {
  const visits: Visit[] = []
  visit({ node: parseAst(source, { lang: 'ts' }), parent: null, inside: '' })
  return visits

  function visit(one: Visit): void {
    if (!runs(one)) return
    visits.push(one)
    const inside = nameOf(one) ?? one.inside
    for (const node of childrenOf(one.node)) visit({ node, parent: one, inside })
  }
}

/** Whether a node exists at run time: `x as T` does, as x; a key does not. */
function runs({ node, parent }: Visit): boolean {
  if (node.type === 'ImportDeclaration') return false
  if (parent?.node.type === 'Property' && isPlainKey(parent.node, node)) return false
  return !node.type.startsWith('TS') || 'expression' in node
}

function isPlainKey(property: Part, node: Part): boolean {
  const { key, computed } = property as Part & { key: Part; computed: boolean }
  return key === node && !computed
}

function nameOf({ node, inside }: Visit): string | null {
  switch (node.type) {
    case 'FunctionDeclaration':
      return (node as Part & { id: { name: string } }).id.name
    case 'MethodDefinition':
      return (node as Part & { key: { name: string } }).key.name
    case 'VariableDeclarator':
      return inside === '' ? ((node as Part & { id: { name?: string } }).id.name ?? null) : null
    default:
      return null
  }
}

function childrenOf(node: Part): Part[] {
  return Object.values(node).flat().filter(isPart)
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
