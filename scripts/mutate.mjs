/** Mutation testing of src/core: makes one-place mutations and runs the simulator, the story tests
 *  and the compiler on each (test/mutation). Survivors are printed: each is a promise without a
 *  test, or equivalent to the original (test/mutation/equivalent.ts).
 *
 *  usage: npm run mutate -- [--files core/ending.ts,…] [--schedules COUNT] [--sample COUNT]
 *                           [--jobs COUNT]
 *
 *  build/mutation/core.txt says what detected each mutation. The exit status is 1 if a survivor is
 *  not listed as equivalent, or if a listed one is wrong. */
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'build/mutation')

await build({
  entryPoints: ['main', 'worker'].map((name) => join(root, `test/mutation/${name}.ts`)),
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  logLevel: 'warning',
})
const { mutate } = await import(pathToFileURL(join(folder, 'main.mjs')).href)
try {
  process.exitCode = await mutate(root, join(folder, 'worker.mjs'), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
