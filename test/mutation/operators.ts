/** The operators: for each kind of syntax, the small changes by which a mutation is made. Words are
 *  not changed, except for those that are decisions: what a message says is no concern of these. */
import type { Node, NodeOf, Part, Statement, Visit } from './syntax.ts'

/** A replacement of a part of the text. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly to: string
}

/** What an operator may look at beside its node. */
interface Around {
  readonly source: string
  readonly parent: Visit | null
}

type Operators = {
  readonly [T in Node['type']]?: (node: NodeOf<T>, around: Around) => Edit[]
}

export function editsOf({ node, parent }: Visit, source: string): Edit[] {
  const operator = operators[node.type as Node['type']] as
    | ((node: Part, around: Around) => Edit[])
    | undefined
  return operator?.(node, { source, parent }) ?? []
}

const operators: Operators = {
  BinaryExpression: ({ left, operator, right }, around) =>
    (otherOperators[operator] ?? []).map((to) => exchange(operator, to, left, right, around)),
  AssignmentExpression: ({ left, operator, right }, around) =>
    (otherOperators[operator] ?? []).map((to) => exchange(operator, to, left, right, around)),
  LogicalExpression: (node, around) => [
    ...(otherOperators[node.operator] ?? []).map((to) => regroup(node, to, around)),
    replace(node, operand(node.left, around)),
    replace(node, operand(node.right, around)),
  ],
  UnaryExpression: (node, around) =>
    node.operator === '!' || node.operator === '-'
      ? [replace(node, operand(node.argument, around))]
      : [],
  UpdateExpression: (node, { source }) => {
    const to = node.operator === '++' ? '--' : '++'
    return [replace(node, textOf(node, source).replace(node.operator, to))]
  },
  ConditionalExpression: (node, around) => [
    replace(node.test, negated(node.test, around)),
    replace(node, operand(node.consequent, around)),
    replace(node, operand(node.alternate, around)),
  ],
  IfStatement: ({ test }, around) => [
    replace(test, negated(test, around)),
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
    // What is not in the spread object would be missed by the compiler.
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
  CallExpression: (node, around) =>
    isChoice(node, around)
      ? [
          ...otherCalls(node, around),
          ...node.arguments.map((one) => replace(node, operand(one, around))),
        ]
      : [
          ...otherCalls(node, around),
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

/** Words that stand for a decision. */
const otherWords: Readonly<Record<string, string>> = {
  up: 'down',
  down: 'up',
  leader: 'tree',
  tree: 'leader',
  half: 'grace',
  grace: 'stuck',
  stuck: 'half',
  waiting: 'stopped',
  TERM: 'KILL',
  KILL: 'TERM',
}

/** The first for the last, the smallest for the largest, all for any. */
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

/** Methods that give back something like what they are called on. */
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

/** Functions of which each argument is something like the answer. */
const choices = ['min', 'max', 'abs', 'floor', 'ceil', 'round'].map((name) => `Math.${name}`)

function otherLiterals(value: unknown): string[] {
  if (typeof value === 'boolean') return [String(!value)]
  if (typeof value === 'number') return [String(value + 1), String(value - 1)]
  const word = typeof value === 'string' ? otherWords[value] : undefined
  return word === undefined ? [] : [`'${word}'`]
}

function otherCalls(node: NodeOf<'CallExpression'>, { source }: Around): Edit[] {
  const { callee } = node
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return []
  const { object, property } = callee
  const other = otherMethods[property.name]
  return [
    ...(other === undefined ? [] : [replace(property, other)]),
    ...(refinements.includes(property.name) ? [replace(node, textOf(object, source))] : []),
  ]
}

function isChoice({ callee }: NodeOf<'CallExpression'>, { source }: Around): boolean {
  return choices.includes(textOf(callee, source))
}

/** A row of a table of rules: each decision may be none. */
function stays(properties: NodeOf<'ObjectExpression'>['properties'], source: string): Edit[] {
  const values = properties.flatMap((one) => (one.type === 'Property' ? [one.value] : []))
  if (!values.some((value) => textOf(value, source) === 'stay')) return []
  return values.map((value) => replace(value, 'stay'))
}

function removed(node: Statement, { parent }: Around): Edit[] {
  const list = statementsIn(parent?.node)
  const isAnswer = node.type === 'ReturnStatement' && node === list?.at(-1)
  // A function without its answer would not be worth a try.
  if (isAnswer && parent?.parent?.node.type.includes('Function')) return []
  return [replace(node, list === null ? '{}' : '')]
}

/** null when the statement is one that cannot be left out: `if (test) statement`. */
function statementsIn(parent: Part | undefined): Part[] | null {
  if (parent?.type === 'BlockStatement') return (parent as NodeOf<'BlockStatement'>).body
  return parent?.type === 'SwitchCase' ? (parent as Part & { consequent: Part[] }).consequent : null
}

/** One of a list less, with the comma that it needs. */
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

function exchange(from: string, to: string, left: Part, right: Part, { source }: Around): Edit {
  const start = source.indexOf(from, left.end)
  if (start === -1 || start > right.start) throw new Error(`no ${from} at ${left.end}`)
  return { start, end: start + from.length, to }
}

/** `a && b && c` with the other operator between its first two stays together as it was. */
function regroup(node: NodeOf<'LogicalExpression'>, to: string, around: Around): Edit {
  const { start, end } = exchange(node.operator, to, node.left, node.right, around)
  const { source, parent } = around
  const whole = source.slice(node.start, start) + to + source.slice(end, node.end)
  return replace(node, parent?.node.type === 'LogicalExpression' ? `(${whole})` : whole)
}

function negated(test: Part, { source }: Around): string {
  return `!(${textOf(test, source)})`
}

const simple = ['Identifier', 'Literal', 'MemberExpression', 'CallExpression', 'ArrayExpression']

function operand(part: Part, { source }: Around): string {
  const text = textOf(part, source)
  return simple.includes(part.type) ? text : `(${text})`
}

function textOf({ start, end }: Part, source: string): string {
  return source.slice(start, end)
}
