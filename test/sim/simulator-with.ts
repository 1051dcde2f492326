/** Bundles the simulator with one file of pitcrew replaced, without changes on disk. */
import { build } from 'esbuild'

type Simulator = Pick<typeof import('./api.ts'), 'judge' | 'scheduleFor'>

/**
 * @param entry    The module to bundle, which exports a Simulator.
 * @param path     The file to replace.
 * @param contents Its new contents.
 */
export async function simulatorWith(
  entry: string,
  path: string,
  contents: string,
): Promise<Simulator> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'simulator',
    logLevel: 'silent',
    plugins: [
      {
        name: 'replace',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, (file) =>
            file.path === path ? { contents, loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  return new Function(`${result.outputFiles[0]?.text}; return simulator`)()
}
