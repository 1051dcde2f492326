/** The house keeps its own rules; and each rule is shown to catch what breaks it. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nativeViolations } from './native.ts'
import { crowdedFolders, type Files, fragments, violations } from './rules.ts'

const root = resolve(import.meta.dirname, '../..')
const endings = ['.ts', '.mjs', '.c', '.h']
const paths = ['src', 'native', 'scripts', 'bench', 'test', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(root, path)).isFile()),
)
const files: Files = new Map(
  paths
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path): [string, string] => [path, readFileSync(join(root, path), 'utf8')]),
)

test('the tree keeps the rules', () => {
  expect(files.size).toBeGreaterThan(80)
  expect(violations(files)).toEqual([])
})

test('no folder has more than 20 files', () => {
  expect(crowdedFolders(paths)).toEqual([])
})

test('a folder with 21 files is found, files in its subfolders not counted', () => {
  const planted = Array.from({ length: 20 }, (_, index) => `test/x/${index}.json`)
  expect(crowdedFolders([...planted, 'test/x/y/0.ts'])).toEqual([])
  expect(crowdedFolders([...planted, 'test/x/20.ts'])).toEqual(['test/x: 21 files, at most 20'])
})

test('at most 25 files of src have fewer than 30 lines', () => {
  expect(fragments(files)).toEqual([])
})

test('a 26th file with fewer than 30 lines is found', () => {
  const short = Array.from({ length: 25 }, (_, index): [string, string] => [
    `src/core/${index}.ts`,
    'a()\n'.repeat(29),
  ])
  const whole: [string, string] = ['src/core/x.ts', 'a()\n'.repeat(30)]
  const ofTest: [string, string] = ['test/core/x.ts', '']
  expect(fragments(new Map([...short, whole, ofTest]))).toEqual([])
  expect(fragments(new Map([...short, ['src/core/x.ts', '']])).join('\n')).toMatch(/26 files under/)
})

test('the C modules are without cycles', () => {
  expect(files.has('native/tree/runs.c')).toBe(true)
  expect(nativeViolations(files)).toEqual([])
})

test.each([
  [
    { 'native/a/x.c': '#include "b/y.h"\n', 'native/b/y.h': '#include "a/x.h"\n' },
    /a\/x: is in a cy/,
  ],
  [{ 'native/a/x.c': '#include "a/y.h"\n' }, /includes a\/y\.h, which is not/],
])('a planted violation of these is found: %j', (planted, said) => {
  expect(nativeViolations(new Map(Object.entries(planted))).join('\n')).toMatch(said)
})

/** Each is a file that breaks one rule, and what is said of it. */
const planted: readonly [path: string, text: string, said: RegExp][] = [
  ['src/core/x.ts', "import { a } from '../init/loop.ts'\n", /core imports init/],
  ['src/core/x.ts', "import type { Host } from '../host/host.ts'\n", /core imports host/],
  ['src/core/x.ts', "import {\n  a,\n  b,\n} from '../errors.ts'\n", /core imports errors.ts/],
  ['src/host/x.ts', "export { a } from '../init/loop.ts'\n", /host imports init/],
  ['src/init/x.ts', "import { a } from '../cli/main.ts'\n", /init imports cli/],
  ['src/init/x.ts', "import { a } from '../bundle/load.ts'\n", /init imports bundle/],
  ['src/bundle/x.ts', "import { a } from '../host/host.ts'\n", /bundle imports host/],
  ['src/init/x.ts', "import { readFileSync } from 'node:fs'\n", /imports the package node:fs/],
  ['src/init/x.ts', "import { parse } from 'yaml'\n", /imports the package yaml/],
  ['src/cli/x.ts', "const a = await import('node:fs')\n", /imports the package node:fs/],
  ['src/core/x.ts', "import { a } from '../control/verbs.ts'\n", /core imports control/],
  ['src/control/x.ts', "import { a } from '../init/loop.ts'\n", /control imports init/],
  ['src/client/x.ts', "import { a } from '../host/host.ts'\n", /client imports host/],
  ['src/init/x.ts', 'const a = await b()\n', /does not have await/],
  ['src/control/x.ts', 'const a = new Promise(b)\n', /does not have Promise/],
  ['src/client/x.ts', "import { a } from 'node:net'\n", /imports the package node:net/],
  ['src/node/x.ts', "import { a } from 'yaml'\n", /imports the package yaml/],
  ['src/node/x.ts', "import { a } from '../init/loop.ts'\n", /node imports init/],
  ['src/new/x.ts', '', /the room new is not in the rules/],
  ['src/core/x.ts', 'const a = Math.random()\n', /does not have random/],
  ['src/core/x.ts', 'const a = Date.now()\n', /does not have Date/],
  ['src/cli/x.ts', 'setTimeout(f, 1)\n', /does not have setTimeout/],
  ['src/init/x.ts', 'const a = /x+/.test(b)\n', /no regular expressions/],
  ['src/init/x.ts', 'const a = new RegExp(b)\n', /does not have RegExp/],
  ['src/core/x.ts', `${'x'.repeat(101)}\n`, /more than 100 columns/],
  ['native/x.c', 'int a;\n'.repeat(501), /501 lines/],
  ['src/core/x.ts', `// ${'TO'}DO\n`, /left open/],
  ['test/x.test.ts', `test.${'only'}('a', f)\n`, /left open/],
]

describe('a planted violation is found', () => {
  test.each(planted.map(([path, text, said]) => ({ path, text, said })))(
    '$path: $said',
    ({ path, text, said }) => {
      expect(violations(new Map([[path, text]])).join('\n')).toMatch(said)
    },
  )
})

test('docs/ARCHITECTURE.md names every folder of the sources, and no file that does not exist', () => {
  const text = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8')
  const sources = [...files.keys()].filter((path) => /^(src|native|scripts|bench)\//.test(path))
  const folders = new Set(sources.map((path) => dirname(path).split('/').pop()))
  expect([...folders].filter((folder) => !text.includes(`${folder}/`))).toEqual([])
  const named = new Set(text.match(/[\w.-]+\.(?:ts|mjs|c|h)\b/g))
  const existing = new Set([...files.keys()].map((path) => path.split('/').pop()))
  expect([...named].filter((name) => !existing.has(name))).toEqual([])
})
