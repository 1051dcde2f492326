/** The engine's sources, and the check of their SHA-256 sums. They come with a pinned development
 *  dependency and are not copied into this repository. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The sources to compile, of quickjs-ng at upstream commit 3c8f3d6 (v0.16.0). */
export const engineSources = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'dtoa.c']

const sums = {
  'quickjs.c': '63cabd4a0137a588103f4c8887112aaf244cc3f616137ffd23ee02108e93f312',
  'quickjs.h': '206f64d51bccb4738e13b7e9082307686cb7e45ea7c7295968bdcb22a99b514b',
  'libregexp.c': 'd650f00b419b51976995ed73401cc0b54f8ca7e0124e010ca4657a589c77ca77',
  'libunicode.c': 'd88f53190ad772dd09b2beb93ffb8fc3097852f4987485aac8663a00189c43eb',
  'dtoa.c': 'a8d2cf2d04db406e0c16acdd95ab0e709d309902865722f41dac07a1ba5676af',
}

export function engineFolder(root) {
  return join(root, 'node_modules/@scriptc/runtime/vendor/quickjs-ng')
}

/** Throws if a source is not the reviewed one. */
export function verifyEngine(folder) {
  for (const [file, expected] of Object.entries(sums)) {
    const found = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
    if (found !== expected) {
      throw new Error(
        `cannot use the engine: ${file} has SHA-256 ${found}, expected ${expected}; ` +
          'run `npm ci` to get the pinned version of @scriptc/runtime',
      )
    }
  }
}
