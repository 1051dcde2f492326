/** The npm package works outside of this repository, as plain JavaScript with its types. The programs are the examples
 *  of docs/NODE.md: each compiles, runs, and prints what the page promises. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binary, Pitcrew, root, sh } from '../e2e/support/pitcrew.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

const page = readFileSync(join(root, 'docs/NODE.md'), 'utf8')
/** The example of each section, by its title. */
const examples = [...page.matchAll(/^## (.+)\n[\s\S]*?```ts\n([\s\S]*?)```/gm)].map(
  ([, title = '', code = '']) => ({
    title,
    code,
    file: `${title.toLowerCase().replaceAll(' ', '-')}.ts`,
  }),
)

beforeAll(() => {
  const home = join(folder, 'node_modules/pitcrew')
  mkdirSync(home, { recursive: true })
  const { exports, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'pitcrew', exports, type }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(root, 'tsconfig.package.json'), '--outDir', join(home, 'dist')])
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const { file, code } of examples) writeFileSync(join(folder, file), code)
  const types = join(root, 'node_modules/@types')
  const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'esnext']
  const files = examples.map(({ file }) => file)
  execFileSync(tsc, [...flags, '--typeRoots', types, '--types', 'node', ...files], { cwd: folder })
}, 60_000)

const printed: Readonly<Record<string, RegExp>> = {
  'Start a bundle': /^\[db\] listening\n[\s\S]*^ready \d+$/m,
  Connect: /^shop operate\ndb ready \d+\nweb ready \d+\n$/,
  'Change daemons': /^web: pid \d+ -> \d+ in [\d.]+ ms\ndone\n$/,
  'Change files': /^applied 2\n1 found false\n2 applied true\n$/,
  'Follow events': /^20\d\d-\S+ \d+-\d+ .+\n$/,
  'Read output': /^db: listening\n$/,
  'Handle errors': /^NO_SUCH_DAEMON cannot find daemon "wep" did you mean "web"\?\nnull \[\]\n$/,
}

test('the page has an example for each of its tasks', () => {
  expect(examples.map(({ title }) => title)).toEqual(Object.keys(printed))
})

test.each(examples)('$title', async ({ title, file }) => {
  const config = join(folder, 'web.conf')
  writeFileSync(config, 'mode = one\n')
  const daemons = {
    db: { command: sh('echo listening; exec sleep 1000'), ready: { log: 'listening' } },
    web: { command: sh('exec sleep 1000'), after: ['db'], config: [config] },
  }
  await using pitcrew = new Pitcrew({ name: 'shop', daemons })
  await pitcrew.line('web: started')
  const env = { ...process.env, PITCREW_BINARY: binary, PITCREW_RUN_DIR: pitcrew.folder }
  const program = file.replace('.ts', '.js')
  const output = execFileSync(process.execPath, [program], { cwd: folder, env, encoding: 'utf8' })
  expect(output).toMatch(printed[title] as RegExp)
})
