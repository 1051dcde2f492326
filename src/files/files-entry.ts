/** Entry point of the program that works on files, which the init starts as `@files JSON`. */
import type { FileAnswer, FileWork } from '../core/operations/file-work.ts'
import type { FilesSystem } from '../host/disk.ts'

const { pitcrewHost } = globalThis as unknown as { readonly pitcrewHost: FilesSystem }

const work = JSON.parse(pitcrewHost.args[1] ?? 'null') as FileWork
const answer: FileAnswer = { kind: 'failed', why: `cannot ${work.kind}: not built`, remedy: null }
pitcrewHost.write(1, JSON.stringify(answer))
pitcrewHost.exit(0)
