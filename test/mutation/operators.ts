/** The operators: for each kind of syntax, the small changes that make a mutation. Strings are
 *  not changed unless they stand for a decision; the wording of messages is not mutated. */
import type { Node, NodeOf, Part, Statement, Visit } from './syntax.ts'

/** A replacement of a part of the text. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly to: string
}

/** The context of a node. */
interface Context {
  readonly source: string
  readonly parent: Visit | null
}

type Operators = {
  readonly [T in Node['type']]?: (node: NodeOf<T>, context: Context) => Edit[]
}

export function editsOf({ node, parent }: Visit, source: string): Edit[] {
  const operator = operators[node.type as Node['type']] as
    | ((node: Part, context: Context) => Edit[])
    | undefined
  return operator?.(node, { source, parent }) ?? []
}

const operators: Operators = {
  BinaryExpression: ({ left, operator, right }, context) =>
    (otherOperators[operator] ?? []).map((to) => exchange(operator, to, left, right, context)),
  AssignmentExpression: ({ left, operator, right }, context) =>
    (otherOperators[operator] ?? []).map((to) => exchange(operator, to, left, right, context)),
  LogicalExpression: (node, context) => [
    ...(otherOperators[node.operator] ?? []).map((to) => regroup(node, to, context)),
    replace(node, operand(node.left, context)),
    replace(node, operand(node.right, context)),
  ],
  UnaryExpression: (node, context) =>
    node.operator === '!' || node.operator === '-'
      ? [replace(node, operand(node.argument, context))]
      : [],
  UpdateExpression: (node, { source }) => {
    const to = node.operator === '++' ? '--' : '++'
    return [replace(node, textOf(node, source).replace(node.operator, to))]
  },
  ConditionalExpression: (node, context) => [
    replace(node.test, negated(node.test, context)),
    replace(node, operand(node.consequent, context)),
    replace(node, operand(node.alternate, context)),
  ],
  IfStatement: ({ test }, context) => [
    replace(test, negated(test, context)),
    replace(test, 'true'),
    replace(test, 'false'),
  ],
  WhileStatement: ({ test }) => [replace(test, 'false')],
  DoWhileStatement: ({ test }) => [replace(test, 'false')],
  ForStatement: ({ test }) => (test === null ? [] : [replace(test, 'false')]),
  ForOfStatement: ({ right }) => [replace(right, '[]')],
  ExpressionStatement: removed,
  ReturnStatement: removed,
  ThrowStatement: removed,
  BreakStatement: removed,
  ContinueStatement: removed,
  Literal: (node) => otherLiterals(node.value).map((to) => replace(node, to)),
  ArrayExpression: ({ elements }) => elements.map((_, index) => without(elements, index)),
  ObjectExpression: ({ properties }, { source }) => {
    // Without a spread the compiler would detect a missing property.
    const isCopy = properties.some(({ type }) => type === 'SpreadElement')
    return isCopy
      ? properties.map((_, index) => without(properties, index))
      : stays(properties, source)
  },
  MemberExpression: ({ object, property, optional, computed }, { source }) => {
    const start = source.indexOf('?.', object.end)
    return optional
      ? [{ start, end: start + 2, to: computed ? '' : '.' }].filter(
          ({ start }) => start < property.start,
        )
      : []
  },
  CallExpression: (node, context) =>
    isChoice(node, context)
      ? [
          ...otherCalls(node, context),
          ...node.arguments.map((one) => replace(node, operand(one, context))),
        ]
      : [
          ...otherCalls(node, context),
          ...node.arguments.flatMap(({ type }, index) =>
            type === 'Literal' ? [without(node.arguments, index)] : [],
          ),
        ],
}

const otherOperators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '&&': ['||'],
  '||': ['&&'],
}

/** Strings that stand for a decision. */
const otherWords: Readonly<Record<string, string>> = {
  up: 'down',
  down: 'up',
  leader: 'tree',
  tree: 'leader',
  escalate: 'grace',
  grace: 'stuck',
  stuck: 'escalate',
  waiting: 'stopped',
  TERM: 'KILL',
  KILL: 'TERM',
}

/** First for last, smallest for largest, all for any. */
const otherMethods: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
  shift: 'pop',
  pop: 'shift',
  push: 'unshift',
  unshift: 'push',
  find: 'findLast',
  findIndex: 'findLastIndex',
  indexOf: 'lastIndexOf',
  lastIndexOf: 'indexOf',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
}

/** Methods that return a value of the kind that they are called on. */
const refinements = [
  'filter',
  'reverse',
  'slice',
  'sort',
  'toLowerCase',
  'trim',
  'trimStart',
  'trimEnd',
]

/** Functions that return a value of the kind of their arguments. */
const choices = ['min', 'max', 'abs', 'floor', 'ceil', 'round'].map((name) => `Math.${name}`)

function otherLiterals(value: unknown): string[] {
  if (typeof value === 'boolean') return [String(!value)]
  if (typeof value === 'number') return [String(value + 1), String(value - 1)]
  const word = typeof value === 'string' ? otherWords[value] : undefined
  return word === undefined ? [] : [`'${word}'`]
}

function otherCalls(node: NodeOf<'CallExpression'>, { source }: Context): Edit[] {
  const { callee } = node
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return []
  const { object, property } = callee
  const other = otherMethods[property.name]
  return [
    ...(other === undefined ? [] : [replace(property, other)]),
    ...(refinements.includes(property.name) ? [replace(node, textOf(object, source))] : []),
  ]
}

function isChoice({ callee }: NodeOf<'CallExpression'>, { source }: Context): boolean {
  return choices.includes(textOf(callee, source))
}

/** A row of the table of rules: replaces each decision by `stay`. */
function stays(properties: NodeOf<'ObjectExpression'>['properties'], source: string): Edit[] {
  const values = properties.flatMap((one) => (one.type === 'Property' ? [one.value] : []))
  if (!values.some((value) => textOf(value, source) === 'stay')) return []
  return values.map((value) => replace(value, 'stay'))
}

function removed(node: Statement, { parent }: Context): Edit[] {
  const list = statementsIn(parent?.node)
  const isAnswer = node.type === 'ReturnStatement' && node === list?.at(-1)
  // A function without its result would be detected at once.
  if (isAnswer && parent?.parent?.node.type.includes('Function')) return []
  return [replace(node, list === null ? '{}' : '')]
}

/** null if the statement cannot be left out: `if (test) statement`. */
function statementsIn(parent: Part | undefined): Part[] | null {
  if (parent?.type === 'BlockStatement') return (parent as NodeOf<'BlockStatement'>).body
  return parent?.type === 'SwitchCase' ? (parent as Part & { consequent: Part[] }).consequent : null
}

/** Removes an element of a list, with its comma. */
function without(list: readonly (Part | null)[], index: number): Edit {
  const { start, end } = list[index] as Part
  const next = list[index + 1]
  const before = list[index - 1]
  if (next) return { start, end: next.start, to: '' }
  return { start: before?.end ?? start, end, to: '' }
}

function replace({ start, end }: Part, to: string): Edit {
  return { start, end, to }
}

function exchange(from: string, to: string, left: Part, right: Part, { source }: Context): Edit {
  const start = source.indexOf(from, left.end)
  if (start === -1 || start > right.start) throw new Error(`no ${from} at ${left.end}`)
  return { start, end: start + from.length, to }
}

/** Exchanges the operator and keeps the grouping, as of the first two operands of `a && b && c`. */
function regroup(node: NodeOf<'LogicalExpression'>, to: string, context: Context): Edit {
  const { start, end } = exchange(node.operator, to, node.left, node.right, context)
  const { source, parent } = context
  const whole = source.slice(node.start, start) + to + source.slice(end, node.end)
  return replace(node, parent?.node.type === 'LogicalExpression' ? `(${whole})` : whole)
}

function negated(test: Part, { source }: Context): string {
  return `!(${textOf(test, source)})`
}

const simple = ['Identifier', 'Literal', 'MemberExpression', 'CallExpression', 'ArrayExpression']

function operand(part: Part, { source }: Context): string {
  const text = textOf(part, source)
  return simple.includes(part.type) ? text : `(${text})`
}

function textOf({ start, end }: Part, source: string): string {
  return source.slice(start, end)
}
