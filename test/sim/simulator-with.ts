/** Bundles the simulator with one file of pitcrew replaced, without changes on disk. */
import { build } from 'esbuild'

export type Simulator = Pick<typeof import('./api.ts'), 'judge' | 'scheduleFor'>

/**
 * @param entry    The module to bundle, which exports a simulator.
 * @param path     The file to replace.
 * @param contents Its new contents.
 */
export async function simulatorWith<S>(entry: string, path: string, contents: string): Promise<S> {
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
