/** docs/ARCHITECTURE.md shows the code as it is: which folder of src imports which, which module of
 *  native includes which, and where the files of the walks and decisions are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name))

/** The first block of text behind these words. */
function blockBehind(words: string): string {
  const from = page.indexOf(words)
  expect(from).toBeGreaterThan(-1)
  return page.slice(from).split('```text\n')[1]?.split('```')[0] ?? ''
}

/** "src/core/plan/plan.ts" is in core; "src/errors.ts" is in no folder. */
function folderOf(path: string): string | null {
  const [, folder, ...rest] = path.split('/')
  return folder === undefined || rest.length === 0 ? null : folder
}

/** Folder → the folders that it imports, and whether more than types. */
function importsOfSources(): Map<string, Map<string, boolean>> {
  const edges = new Map<string, Map<string, boolean>>()
  const pattern = /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'/gm
  for (const path of filesIn('src', /\.ts$/)) {
    const folder = folderOf(path)
    if (folder === null) continue
    const imported = edges.get(folder) ?? new Map<string, boolean>()
    edges.set(folder, imported)
    for (const [, type, target = ''] of read(path).matchAll(pattern)) {
      const other = folderOf(relative(root, resolve(root, dirname(path), target)))
      if (other === null || other === folder) continue
      imported.set(other, imported.get(other) === true || type === undefined)
    }
  }
  return edges
}

test('the imports of src', () => {
  const drawn = blockBehind('**Imports of `src`.**').trimEnd().split('\n')
  const order = drawn.map((line) => line.split(' ')[0] ?? '')
  const lines = [...importsOfSources()].map(([folder, imported]) => {
    const named = [...imported].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    const values = named.filter(([, isValue]) => isValue).map(([name]) => name)
    const types = named.filter(([, isValue]) => !isValue).map(([name]) => name)
    const all = [...values, ...(types.length > 0 ? [`(${types.join(' ')})`] : [])]
    return `${folder.padEnd(10)}${all.join(' ')}`.trimEnd()
  })
  expect(drawn).toEqual(
    lines.sort(
      (a, b) => order.indexOf(a.split(' ')[0] ?? '') - order.indexOf(b.split(' ')[0] ?? ''),
    ),
  )
})

test('every path that is named exists', () => {
  const paths = [...page.matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|mjs|c|h|sh))`/g)].map(
    ([, path]) => path,
  )
  expect(paths.length).toBeGreaterThan(40)
  const isThere = (path = ''): boolean =>
    ['', 'src', 'native'].some((folder) => existsSync(join(root, folder, path)))
  expect(paths.filter((path) => !isThere(path))).toEqual([])
})

test('every function that is named exists', () => {
  const names = [...page.matchAll(/`(\w+)\(\)`/g)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(25)
  const sources = [...filesIn('src', /\.ts$/), ...filesIn('native', /\.c$/)].map(read).join('\n')
  const isThere = (name: string): boolean => new RegExp(`\\b${name}\\(|\\(${name}\\)`).test(sources)
  expect(names.filter((name) => !isThere(name))).toEqual([])
})

type Modules = ReadonlyMap<string, ReadonlySet<string>>

/** Module ("tree/runs") → the modules that it includes, itself left out. */
function includesOfModules(): Modules {
  const edges = new Map<string, Set<string>>()
  for (const path of filesIn('native', /\.[ch]$/)) {
    const module = relative('native', path).replace(/\.[ch]$/, '')
    const included = edges.get(module) ?? new Set<string>()
    edges.set(module, included)
    for (const [, target = ''] of read(path).matchAll(/^#include "([^"]+)\.h"/gm)) {
      if (target !== module && target !== 'quickjs') included.add(target)
    }
  }
  return edges
}

/** All modules that this one needs, directly or not. */
function needsOf(module: string, modules: Modules, found: Set<string> = new Set()): Set<string> {
  for (const other of modules.get(module) ?? []) {
    if (found.has(other)) continue
    found.add(other)
    needsOf(other, modules, found)
  }
  return found
}

/** What breaks the drawing: a cycle, a module that does not exist, an include upwards. */
function faultsOf(levels: readonly (readonly string[])[], modules: Modules): string[] {
  const cycles = [...modules.keys()].filter((module) => needsOf(module, modules).has(module))
  const drawn = levels.flatMap((names, level) => names.map((name) => ({ name, level })))
  return [
    ...cycles.map((name) => `${name} is in a cycle`),
    ...drawn.filter(({ name }) => !modules.has(name)).map(({ name }) => `there is no ${name}`),
    ...drawn.flatMap(({ name, level }) => {
      const needs = needsOf(name, modules)
      const above = drawn.filter((other) => other.level < level && needs.has(other.name))
      return above.map((other) => `${name} needs ${other.name}, which is drawn above it`)
    }),
  ]
}

test('the modules of native', () => {
  const modules = includesOfModules()
  const lines = blockBehind('**Modules of `native`.**').trimEnd().split('\n')
  const levels = lines.map((line) => line.match(/\b[a-z]+\/[a-z_]+\b|^main\b/g) ?? [])
  expect(levels.flat().length).toBeGreaterThan(15)
  expect(faultsOf(levels, modules)).toEqual([])
})

test('a cycle, an include upwards and a missing module are found', () => {
  const modules = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['c'])],
    ['c', new Set(['d'])],
    ['d', new Set(['c'])],
  ])
  expect(faultsOf([['d'], ['b'], ['x']], modules)).toEqual([
    'c is in a cycle',
    'd is in a cycle',
    'there is no x',
    'b needs d, which is drawn above it',
  ])
})
