/** Which files a program is made of: a change in any other is nothing to it. */
import { join, relative } from 'node:path'
import { build } from 'esbuild'

/** For each entry, all its files; paths are absolute. What is there for types alone is no part. */
export async function inputsOf(
  root: string,
  entries: readonly string[],
): Promise<Map<string, string[]>> {
  const { metafile } = await build({
    entryPoints: [...entries],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: root,
    logLevel: 'silent',
  })
  const inputs = new Map(
    Object.values(metafile.outputs).map(({ entryPoint = '', inputs }) => [entryPoint, inputs]),
  )
  return new Map(
    entries.map((entry) => {
      const files = Object.keys(inputs.get(relative(root, entry)) ?? {})
      return [entry, files.map((file) => join(root, file))]
    }),
  )
}
