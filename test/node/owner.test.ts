/** A pitcrew that a program has started does not outlive that program, however it ends. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { binary, root } from '../e2e/support/pitcrew.ts'
import { eventually, isAlive } from '../e2e/support/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'pitcrew-owner-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('pitcrew shuts down when its parent is killed', async () => {
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(root, 'tsconfig.package.json'), '--outDir', join(folder, 'dist')])
  const program = join(folder, 'owner.mjs')
  writeFileSync(
    program,
    `import { start } from './dist/node/index.js'
    const crew = await start({ daemons: { web: { command: ['sleep', '1000'] } } })
    const { pid } = await crew.client.call('wait', { daemon: 'web' })
    console.log('daemon', pid, crew.process.pid)`,
  )
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const env = {
    ...process.env,
    PITCREW_BINARY: binary,
    PITCREW_RUN_DIR: folder,
    PITCREW_STATE_DIR: folder,
  }
  const owner = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let pids: number[] = []
  for await (const line of createInterface({ input: owner.stdout })) {
    if (!line.startsWith('daemon ')) continue
    pids = line.split(' ').slice(1).map(Number)
    break
  }
  expect(pids).toHaveLength(2)
  expect(pids.every(isAlive)).toBe(true)
  owner.kill('SIGKILL')
  await eventually('no process is left', () => !pids.some(isAlive))
})
