/** Entry point of the program that works on files, which the init starts as `@files JSON`. */
import type { FilesSystem } from '../host/disk.ts'

const { pitcrewHost } = globalThis as unknown as { readonly pitcrewHost: FilesSystem }

pitcrewHost.write(2, `pitcrew: @files is not built: ${pitcrewHost.args.length - 1} arguments\n`)
pitcrewHost.exit(70)
