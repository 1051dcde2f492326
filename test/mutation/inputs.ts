/** Finds the source files of a program: changes in other files cannot affect it. */
import { join, relative } from 'node:path'
import { build } from 'esbuild'

/** The files of each entry, as absolute paths, without files that are imported only for types. */
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
