/** Compiles the C programs of the benchmark. They are small and static, so that the start of a
 *  daemon is as cheap as possible. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { makeScratch, program } from './scratch.mjs'

const run = promisify(execFile)
const here = import.meta.dirname
const flags = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Wno-sign-conversion',
  '-Wmissing-prototypes',
  '-Werror',
]

export async function compileAll() {
  makeScratch()
  const daemons = readdirSync(join(here, 'daemons')).filter((name) => name.endsWith('.c'))
  await Promise.all([
    compile('floor', ['programs/floor.c']),
    compile('stopwatch', ['programs/stopwatch.c', 'programs/watch.c', 'programs/check.c']),
    compile('requester', ['programs/requester.c']),
    ...daemons.map((name) => compile(basename(name, '.c'), [`daemons/${name}`])),
  ])
}

async function compile(name, sources) {
  const compiler = process.env.CC ?? 'cc'
  const paths = sources.map((source) => join(here, source))
  try {
    await run(compiler, [...flags, '-static', ...paths, '-o', program(name)])
  } catch (error) {
    throw new Error(`cannot compile ${sources[0]} with "${compiler}":\n${error.stderr ?? error}`)
  }
}
