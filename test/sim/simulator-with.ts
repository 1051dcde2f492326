/** The simulator around a pitcrew of which one file is another; nothing on disk is changed. */
import { build } from 'esbuild'

type Simulator = Pick<typeof import('./api.ts'), 'judge' | 'scheduleFor'>

/**
 * @param entry    What to bundle: exports all that a Simulator is.
 * @param path     The file that is replaced.
 * @param contents What is there instead.
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
