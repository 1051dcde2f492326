/** The npm package works outside of this repository, as plain JavaScript with its types. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { binary, root } from '../e2e/support/pitcrew.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

const program = `
import { start } from 'pitcrew'
await using crew = await start({ daemons: { web: { command: ['sleep', '1000'] } } }, { stdout: 'ignore' })
const { state } = await crew.client.call('wait', { daemon: 'web' })
console.log(state satisfies string)
`

test('another program imports it, with its types', () => {
  const home = join(folder, 'node_modules/pitcrew')
  mkdirSync(home, { recursive: true })
  const { exports, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'pitcrew', exports, type }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(root, 'tsconfig.package.json'), '--outDir', join(home, 'dist')])
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'main.ts'), program)
  const types = join(root, 'node_modules/@types')
  const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'esnext']
  execFileSync(tsc, [...flags, '--typeRoots', types, '--types', 'node', 'main.ts'], { cwd: folder })
  const env = {
    ...process.env,
    PITCREW_BINARY: binary,
    PITCREW_RUN_DIR: folder,
    PITCREW_STATE_DIR: folder,
  }
  const output = execFileSync(process.execPath, ['main.js'], { cwd: folder, env, encoding: 'utf8' })
  expect(output).toBe('ready\n')
})
