/** YAML: syntax errors, features that are refused, and hostile files. */
import { expect, test } from 'vitest'
import { problemsOf } from './problems-of.ts'

test('syntax errors have a place and a remedy', () => {
  expect(problemsOf('daemons:\n\ta:\n')).toMatchInlineSnapshot(
    `"b.yaml:2:1: not valid YAML: tabs are not allowed as indentation; indent with spaces"`,
  )
  expect(problemsOf('daemons:\n  a: { command: [x }\n  b: {}\n')).toMatchInlineSnapshot(`
    "b.yaml:2:20: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]; close the bracket before this position
    b.yaml:3:3: not valid YAML: flow map in block collection must be sufficiently indented and end with a }; close the bracket before this position"
  `)
  expect(problemsOf('daemons:\n  a:\n    command: [x]\n   cwd: /\n')).toMatchInlineSnapshot(
    `"b.yaml:4:1: not valid YAML: all mapping items must start at the same column; indent all lines of a level equally"`,
  )
  expect(problemsOf('daemons: { a: { command: ["x] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:34: not valid YAML: missing closing "quote"`,
  )
  expect(problemsOf('daemons:\n  a:\n    cwd: x: y\n')).toMatchInlineSnapshot(
    `"b.yaml:3:10: not valid YAML: nested mappings are not allowed in compact mappings; put quotes around text that has ": " in it, or indent a nested map"`,
  )
  expect(problemsOf('daemons: %x\n')).toMatchInlineSnapshot(
    `"b.yaml:1:10: not valid YAML: plain value cannot start with directive indicator character %; put quotes around the text"`,
  )
  expect(problemsOf('label: "\\q"\n')).toMatchInlineSnapshot(
    `"b.yaml:1:9: not valid YAML: invalid escape sequence \\q"`,
  )
})

test('an empty file', () => {
  expect(problemsOf('')).toMatchInlineSnapshot(
    `"b.yaml:1:1: the bundle is empty; add daemons: { NAME: { command: […] } }"`,
  )
  expect(problemsOf('# only a comment\n')).toBe(problemsOf(''))
  expect(problemsOf('---\n')).toBe(problemsOf(''))
  expect(problemsOf('\uFEFF')).toBe(problemsOf(''))
  expect(problemsOf('just text')).toMatchInlineSnapshot(
    `"b.yaml:1:1: expected a map, found "just text"; keys: name, label, select, deadline, signals, onDeath, daemons"`,
  )
  expect(problemsOf('- a\n- b\n')).toMatchInlineSnapshot(
    `"b.yaml:1:1: expected a map, found a list; keys: name, label, select, deadline, signals, onDeath, daemons"`,
  )
  expect(problemsOf('~')).toMatchInlineSnapshot(
    `"b.yaml:1:1: expected a map, found "~"; keys: name, label, select, deadline, signals, onDeath, daemons"`,
  )
})

test('a second document is refused', () => {
  expect(problemsOf('daemons: { a: { command: [a] } }\n---\nx: 1\n')).toMatchInlineSnapshot(
    `"b.yaml:2:1: a second document begins here; a bundle has one; remove the line "---", or everything after it"`,
  )
})

test('duplicate keys, keys that are not text, and merge keys', () => {
  expect(problemsOf('name: a\nname: b\ndaemons: { a: { command: [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:2:1: duplicate key "name"; remove or rename one of them"`,
  )
  expect(problemsOf('? [a]\n: b\ndaemons: { a: { command: [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:3: a list cannot be a key; write NAME: VALUE"`,
  )
  expect(problemsOf('daemons: { a: { command: [a], <<: { cwd: / } } }')).toMatchInlineSnapshot(
    `"b.yaml:1:31: "<<" is not supported; YAML 1.2 has no merge keys: repeat the keys, or alias a whole value"`,
  )
})

test('tags', () => {
  expect(problemsOf('daemons: { a: { command: [!!binary eA==] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:36: unknown tag "tag:yaml.org,2002:binary"; remove it: the key determines the type of its value"`,
  )
  expect(problemsOf('daemons: { a: { command: !shell [a] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:33: unknown tag "!shell"; remove it: the key determines the type of its value"`,
  )
  expect(problemsOf('daemons: !!map { a: { command: !!seq [!!str 1, ! 2] } }')).toBe('valid')
})

test('NUL bytes and invalid UTF-8 are refused', () => {
  expect(problemsOf('daemons: { a: { command: ["a\\0b"] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:27: text contains a NUL byte; remove it: no command, path or variable can contain one"`,
  )
  expect(problemsOf('daemons: { a: { command: [a\0b] } }')).toContain('a NUL byte')
  expect(problemsOf('daemons: { a: { command: [a], "x\\0": 1 } }')).toContain('a NUL byte')
  expect(problemsOf('daemons: { a: { command: ["/caf\uFFFD"] } }')).toMatchInlineSnapshot(
    `"b.yaml:1:27: "/caf�" is not valid UTF-8; save the file as UTF-8"`,
  )
  expect(problemsOf('daemons: { a: { command: ["\\ud83d"] } }')).toContain('is not valid UTF-8')
})

test('aliases', () => {
  const rest = 'daemons: { a: { command: [a], env: *x } }'
  expect(problemsOf(rest)).toMatchInlineSnapshot(
    `"b.yaml:1:36: alias *x has no anchor; write &x before an earlier value"`,
  )
  expect(problemsOf('daemons: &x { a: { command: [a], env: *x } }')).toMatchInlineSnapshot(
    `"b.yaml:1:39: alias *x is inside its own anchor; remove the alias, or repeat the value"`,
  )
  // A problem inside an anchor is reported once, at the anchor.
  expect(
    problemsOf('daemons: { a: { command: &x [!no a] }, b: { command: *x } }').split('\n'),
  ).toHaveLength(1)
})

test('aliases of aliases are counted and not expanded', () => {
  const ten = (item: string) => `[${Array.from({ length: 10 }, () => item)}]`
  const levels = Array.from(
    { length: 30 },
    (_, level) => `a${level}: &a${level} ${ten(level === 0 ? 'x' : `*a${level - 1}`)}`,
  )
  const problems = problemsOf(levels.join('\n'))
  expect(problems.split('\n').filter((line) => line.includes('aliases expand to'))).toHaveLength(1)
})

test.each([
  ['brackets', '['.repeat(60_000)],
  ['closed brackets', `a: ${'['.repeat(2000)}${']'.repeat(2000)}`],
  ['braces', '{a: '.repeat(30_000)],
  ['dashes', '- '.repeat(60_000)],
  ['question marks', '? '.repeat(30_000)],
])('deep nesting is refused: %s', (_, text) => {
  const problems = problemsOf(text)
  expect(problems).not.toBe('valid')
  expect(problems.length).toBeLessThan(20_000)
})

test('the time is proportional to the number of keys, also of equal ones', () => {
  const count = 20_000
  const different = Array.from({ length: count }, (_, index) => `k${index}: 1`)
  expect(problemsOf(`{${different}}`)).toContain(`and ${count + 1 - 20} more`)
  const equal = Array.from({ length: count }, () => 'k: 1')
  expect(problemsOf(`{${equal}}`)).toContain('duplicate key "k"')
})
