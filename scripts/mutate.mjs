/** Makes one-place mutations of src/core and asks three judges who can tell them from the original:
 *  the simulator, the story tests, the compiler (test/mutation). What nobody tells is printed: a
 *  promise without a test, or a mutation that does the same (test/mutation/equivalent.ts).
 *
 *  usage: npm run mutate -- [--files core/ending.ts,…] [--schedules COUNT] [--sample COUNT]
 *                           [--jobs COUNT]
 *
 *  By whom and how each was told from the original is in build/mutation/core.txt. It ends with
 *  status 1 when a survivor is not known, or what is known of one is not true. */
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
