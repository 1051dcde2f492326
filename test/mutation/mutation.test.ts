/** The mutation tool, applied to a small module (planted/). */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('a mutation is counted for the first judge that detects it; an undetectable one survives', async () => {
  const { stdout, stderr, status } = await mutatePlanted()
  expect(stdout, stderr).toMatchInlineSnapshot(`
    "              mutations  simulator  stories  compiler  timeout  survived
    src/count.ts         17         12        1         1        1         2
    all                  17         12        1         1        1         2
    0 of the survivors are known to be equivalent (test/mutation/equivalent.ts)

    survived: src/count.ts:7 countAbove
      - for (let at = 0; at < values.length; at++) {
      + for (let at = -1; at < values.length; at++) {

    survived: src/count.ts:7 countAbove
      - for (let at = 0; at < values.length; at++) {
      + for (let at = 0; at <= values.length; at++) {
    "
  `)
  expect(status).toBe(1)
}, 100_000)

function mutatePlanted(): Promise<{ stdout: string; stderr: string; status: unknown }> {
  const args = ['scripts/mutate.mjs', '--subject', 'planted', '--schedules', '5', '--jobs', '2']
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, timeout: 90_000 }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, status: error?.code ?? 0 }),
    )
  })
}
