/** The binary contains a reduced form of the package `yaml` (scripts/yaml.mjs), and other tests use
 *  the package itself: both must give the same trees and problems. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { parseTree } from '../../src/bundle/parse.ts'
import type { collectProblems } from '../../src/bundle/problems.ts'
import { Random } from '../core/random.ts'
import { mutate } from '../fuzz/mutate.ts'

const root = resolve(import.meta.dirname, '../..')
const corpusFolder = join(root, 'test/fuzz/corpus')
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-yaml-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Library {
  readonly parseTree: typeof parseTree
  readonly collectProblems: typeof collectProblems
}

async function libraryWith(name: string, plugins: Plugin[]): Promise<Library> {
  const outfile = join(folder, `${name}.mjs`)
  const contents = `export { parseTree } from './src/bundle/parse.ts'
    export { collectProblems } from './src/bundle/problems.ts'`
  const stdin = { contents, resolveDir: root }
  await build({ stdin, bundle: true, format: 'esm', outfile, plugins })
  return import(outfile)
}

let full: Library
let reduced: Library
beforeAll(async () => {
  const { reducedYaml } = await import(join(root, 'scripts/yaml.mjs'))
  full = await libraryWith('full', [])
  reduced = await libraryWith('reduced', [reducedYaml])
})

/** Tree and problems, or what was thrown. */
function read({ parseTree, collectProblems }: Library, text: string): string {
  const problems = collectProblems()
  try {
    const tree = parseTree(text, problems)
    return JSON.stringify([tree, problems.list(text)])
  } catch (error) {
    return String(error)
  }
}

const features = [
  '%YAML 1.2\n%TAG ! tag:x,2000: # a comment\n---\na: !b c\n...\n',
  '%YAML 1.2 # a comment\n\n---\n- a\n---\n- b\n',
  'a: &x [1, *x, { b: "c\\u0041\n  d", ? e : f }]\nb: *x\n',
  'a: |+2\n    b\n\n   c\nd: >-\n  e\n  f\n\n# end\n',
  "? - a\n  - 'b''c'\n: - d\n  -\n    - e\n-x: y\n",
  '\uFEFF# comment\r\na:\r\n  - b\r\n  - c: d\r\n',
  'a: !!str b\nc: !!map { d: !!seq [e] }\nf: !<tag:yaml.org,2002:int> 3\n!!binary g: h\n',
  'a: [\n  b, c: d, "e": f,\n] # x\n"g h": i\n',
]

test('any text has the same tree or problems', () => {
  const files = readdirSync(corpusFolder).map((name) =>
    readFileSync(join(corpusFolder, name), 'utf8'),
  )
  const corpus = [...files, ...features]
  const random = new Random(Number(process.env.FUZZ_SEED ?? 1))
  const mutated = Array.from({ length: 1500 }, () => mutate(corpus, random))
  let trees = 0
  for (const text of [...corpus, ...mutated]) {
    const expected = read(full, text)
    if (!expected.startsWith('[null')) trees++
    expect(read(reduced, text), JSON.stringify(text)).toBe(expected)
  }
  // Texts with trees and texts with problems only.
  expect(trees).toBeGreaterThan(corpus.length)
  expect(trees).toBeLessThan(mutated.length)
}, 60_000)
