/** Builds `build/pitcrew`: TypeScript → one script an image (esbuild) → bytecode (our own small
 *  compiler around the engine) → linked with the C host into one file.
 *
 *  usage: node scripts/build.mjs [OPTION ...]
 *    --musl      a static release with musl-gcc
 *    --sanitize  with AddressSanitizer and UndefinedBehaviorSanitizer
 *    --debug     linked dynamically, with symbols: for gdb, perf and valgrind
 *    --faults    an init into which tests inject faults (see src/init/loop/fault-injection.ts)
 *    --init FILE, --auxiliary FILE, --one FILE, --check FILE, --control FILE, --cli FILE,
 *    --bundle FILE
 *                another entry for an image: a test that runs in the engine
 *    --out FILE  where to (build/pitcrew)
 *
 *  Objects are cached by everything that goes into them, so that a second build compiles only
 *  what changed. Several builds may be under way at the same time. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { build as bundle } from 'esbuild'
import { engineFolder, engineSources, verifyEngine } from './engine.mjs'

const run = promisify(execFile)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const native = join(root, 'native')
const { values: options } = parseArgs({
  options: {
    musl: { type: 'boolean', default: false },
    sanitize: { type: 'boolean', default: false },
    debug: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    init: { type: 'string', default: 'src/init/image/init.ts' },
    auxiliary: { type: 'string', default: 'src/init/image/auxiliary.ts' },
    one: { type: 'string', default: 'src/init/image/one-command.ts' },
    check: { type: 'string', default: 'src/init/image/check.ts' },
    control: { type: 'string', default: 'src/control/server/entry.ts' },
    cli: { type: 'string', default: 'src/cli/entry.ts' },
    bundle: { type: 'string', default: 'src/cli/bundle/bundle-entry.ts' },
    out: { type: 'string' },
  },
})
const variant = [
  'pitcrew',
  options.musl && 'musl',
  options.sanitize && 'sanitize',
  options.debug && 'debug',
  options.faults && 'faults',
]
const outFile = resolve(options.out ?? join(root, 'build', variant.filter(Boolean).join('-')))
const cacheFolder = join(root, 'build/objects')
const engine = engineFolder(root)
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const compiler = options.musl ? 'musl-gcc' : (process.env.CC ?? 'cc')
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-g']
const common = ['-std=gnu11', '-ffunction-sections', '-fdata-sections']
/** For what goes into the binary; the bytecode compiler runs here and now, and does without. */
const debug = options.debug ? ['-g', '-DPLAIN_CLONE'] : []
const checks = options.sanitize ? ['-O1', ...sanitizers] : debug
/** The engine is another project's code: its warnings are not ours to mend. */
const engineFlags = ['-w', '-D_GNU_SOURCE', '-DNDEBUG', '-funsigned-char', '-fwrapv']
const hostFlags = [
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Wno-sign-conversion',
  '-Wmissing-prototypes',
  '-Wno-missing-field-initializers',
  '-Werror',
]
/** What runs at every event, every line or every start of a daemon is built for speed, the rest for
 *  size. */
const fast = new Set(
  (
    'quickjs dtoa engine events bind_spawn clock loop turn spawn start child runs proc tree ' +
    'ready notify pump lines out ring logs client_input'
  ).split(' '),
)
const isFast = (file) => fast.has(basename(file, '.c'))
const slowFirst = (a, b) => isFast(a) - isFast(b)
const optimise = (file) => [isFast(file) ? '-O2' : '-Os']

const versions = new Map()
const objectsUnderWay = new Map()

try {
  await main()
} catch (error) {
  say(`cannot build ${outFile}: ${error.stderr || error.stack}`)
  process.exitCode = 1
}

async function main() {
  verifyEngine(engine)
  mkdirSync(cacheFolder, { recursive: true })
  const engineObjects = Promise.all(
    engineSources
      .toSorted(slowFirst)
      .map((file) =>
        object(join(engine, file), [...engineFlags, ...optimise(file), ...checks], compiler),
      ),
  )
  const hostSources = filesIn(native, '.c')
    .filter((file) => !file.startsWith(join(native, 'tools')))
    .sort(slowFirst)
  const hostObjects = Promise.all(
    hostSources.map((file) =>
      object(
        file,
        [...hostFlags, ...optimise(file), '-I', native, '-isystem', engine, ...checks],
        compiler,
      ),
    ),
  )
  const tool = bytecodeCompiler()
  // What is used at every start lies together, so that fewer pages of the file are in memory.
  const objects = await Promise.all([
    makeImages(tool, ['bundle', 'cli', 'control', 'check', 'one', 'auxiliary']),
    engineObjects,
    hostObjects,
    makeImages(tool, ['init']),
  ])
  await link(objects.flat())
}

/** Compiles one C file, or finds that it was compiled before from the same text with the same
 *  flags. */
function object(file, flags, cc) {
  const key = JSON.stringify([file, flags, cc])
  if (!objectsUnderWay.has(key)) objectsUnderWay.set(key, compile(file, flags, cc))
  return objectsUnderWay.get(key)
}

async function compile(file, flags, cc) {
  const hash = createHash('sha256')
  const all = [...common, ...flags]
  hash.update(JSON.stringify([all, cc, compilerVersion(cc)]))
  hash.update(readFileSync(file))
  for (const header of headersFor(file)) hash.update(readFileSync(header))
  const name = `${file.split('/').pop()}-${hash.digest('hex').slice(0, 16)}.o`
  const target = join(cacheFolder, name)
  if (existsSync(target)) return target
  say(`compile ${file.split('/').pop()}`)
  await made(target, (part) => run(cc, [...all, '-c', file, '-o', part]))
  return target
}

/** All that a file may include: a header of the host is included by any of its folders. */
function headersFor(file) {
  return filesIn(file.startsWith(native) ? native : dirname(file), '.h')
}

function filesIn(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort()
}

function compilerVersion(cc) {
  if (!versions.has(cc)) versions.set(cc, execFileSync(cc, ['--version'], { encoding: 'utf8' }))
  return versions.get(cc)
}

/** The bytecode images, as object files with a start and an end symbol each. */
async function makeImages(toolUnderWay, names) {
  const tool = await toolUnderWay
  return Promise.all(
    names.map(async (name) => {
      const script = await bundleScript(options[name])
      const id = createHash('sha256')
        .update(JSON.stringify([name, script, compiler]))
        .update(readFileSync(tool))
        .digest('hex')
        .slice(0, 16)
      const stem = join(cacheFolder, `image-${name}-${id}`)
      if (existsSync(`${stem}.o`)) return `${stem}.o`
      await made(`${stem}.js`, (part) => writeFileSync(part, script))
      await made(`${stem}.bytecode`, (part) =>
        run(tool, [`${stem}.js`, `pitcrew-${name}.js`, part]),
      )
      await made(`${stem}.S`, (part) => writeFileSync(part, assembly(name, `${stem}.bytecode`)))
      await made(`${stem}.o`, (part) => run(compiler, ['-c', `${stem}.S`, '-o', part]))
      return `${stem}.o`
    }),
  )
}

/** A file is there whole or not at all, also when two builds make it at the same time. */
async function made(file, make) {
  const part = `${file}.${process.pid}.part`
  await make(part)
  renameSync(part, file)
}

function assembly(name, file) {
  return `.section .rodata
.global image_${name}_start
.global image_${name}_end
.balign 16
image_${name}_start:
.incbin "${file}"
image_${name}_end:
.byte 0
.section .note.GNU-stack,"",%progbits
`
}

/** One script without modules, since the engine loads it as one piece of bytecode. */
async function bundleScript(entry) {
  const result = await bundle({
    entryPoints: [join(root, entry)],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2023',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { __VERSION__: JSON.stringify(version), __FAULTS__: String(options.faults) },
    logLevel: 'warning',
  })
  return result.outputFiles[0].text
}

/** Built with the machine's own compiler whatever the target is: bytecode is the same for all of
 *  them. */
async function bytecodeCompiler() {
  const cc = process.env.CC ?? 'cc'
  const objects = await Promise.all(
    engineSources.map((file) =>
      object(join(engine, file), [...engineFlags, ...optimise(file)], cc),
    ),
  )
  const tool = join(root, 'native/tools/compile.c')
  objects.push(
    await object(tool, ['-Wall', '-Wextra', '-Werror', ...optimise(tool), '-isystem', engine], cc),
  )
  const target = join(
    cacheFolder,
    `compile-${createHash('sha256').update(objects.join()).digest('hex').slice(0, 16)}`,
  )
  if (!existsSync(target)) {
    await made(target, (part) => run(cc, [...common, ...objects, '-lm', '-lpthread', '-o', part]))
  }
  return target
}

/** Static where the machine has a static libc: such a file runs in an empty image. */
async function link(objects) {
  const flags = options.sanitize
    ? [...sanitizers]
    : ['-Wl,--gc-sections', options.debug ? '-g' : '-s']
  const tries =
    options.sanitize || options.debug ? [[]] : options.musl ? [['-static']] : [['-static'], []]
  mkdirSync(dirname(outFile), { recursive: true })
  for (const [index, mode] of tries.entries()) {
    try {
      const words = [...common, ...mode, ...flags, ...objects, '-lm', '-lpthread']
      await made(outFile, (part) => run(compiler, [...words, '-o', part]))
      if (index > 0) say('linked dynamically: this machine has no static libc')
      break
    } catch (error) {
      if (index === tries.length - 1) throw error
    }
  }
  say(`built ${outFile}`)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}
