/** Entry point of the program that works on files, which the init starts as `@files JSON`. It
 *  prints the answer as JSON, and exits with 0; with 70 for a bug, which it reports on stderr. */
import type { FileWork } from '../core/operations/file-work.ts'
import { describeError } from '../errors.ts'
import type { FilesSystem } from '../host/disk.ts'
import { runFolders } from '../host/places.ts'
import { nameIn } from './paths.ts'
import { doFileWork } from './work.ts'

const { pitcrewHost: host } = globalThis as unknown as { readonly pitcrewHost: FilesSystem }

try {
  const work = JSON.parse(host.args[1] ?? '') as FileWork
  const folder = 'target' in work ? work.target.folder : work.folder
  const spareFolders = runFolders(host).map((one) => `${one}/${nameIn(folder)}`)
  host.write(1, JSON.stringify(doFileWork({ disk: host.disk, spareFolders }, work)))
  host.exit(0)
} catch (error) {
  host.write(2, `pitcrew: @files: ${describeError(error)}\n`)
  host.exit(70)
}
