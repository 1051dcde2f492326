/** The judge that checks types, in a copy of the sources. It is the last one, although it is
 *  quick: a mutation that only the compiler detects may show a missing test. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Judge, Subject } from './judge.ts'

const execute = promisify(execFile)

/** @param copy A folder in the project for the copy, so that packages are found from there. */
export function compilerJudge(root: string, subject: Subject, copy: string): Judge {
  const sources = join(copy, 'source')
  mkdirSync(copy, { recursive: true })
  cpSync(join(root, subject.source), sources, { recursive: true })
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(configOf(root, subject)))
  return {
    name: 'compiler',
    async verdictOn(mutated) {
      const path = join(sources, mutated?.file ?? '')
      const original = mutated === null ? null : readFileSync(path)
      if (mutated !== null) writeFileSync(path, mutated.text)
      const error = await execute(join(root, 'node_modules/.bin/tsc'), ['-p', copy]).then(
        () => null,
        ({ stdout }) => String(stdout).split('\n')[0] ?? '',
      )
      if (original !== null) writeFileSync(path, original)
      return error
    },
  }
}

/** Unused variables are allowed: they are no type error. */
function configOf(root: string, { scope }: Subject) {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { types: [], noUnusedLocals: false, noUnusedParameters: false },
    include: [`source/${scope}`],
  }
}
