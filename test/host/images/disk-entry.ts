/** Replaces the program `@files`: makes calls of the disk, one after the other, and prints what each
 *  answers. See disk.ts. */
import type { Disk, FilesSystem } from '../../../src/host/disk.ts'

/** [function, ...arguments]; `times`: a text that is so long. */
export type DiskCall = readonly [keyof Disk, ...Argument[]]
type Argument = string | number | null | { readonly times: number }

const { pitcrewHost: host } = globalThis as unknown as { readonly pitcrewHost: FilesSystem }

const givenBy = (argument: Argument): string | number | null =>
  typeof argument === 'object' && argument !== null ? 'x'.repeat(argument.times) : argument

function answer([name, ...words]: DiskCall): unknown {
  const call = host.disk[name] as (...args: unknown[]) => unknown
  return call(...words.map(givenBy))
}

const [, text = '[]'] = host.args
for (const call of JSON.parse(text) as DiskCall[])
  host.write(1, `${JSON.stringify(answer(call))}\n`)
host.exit(0)
