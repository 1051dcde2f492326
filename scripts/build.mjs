/** Builds `build/pitcrew`: esbuild bundles the TypeScript of each image into one script,
 *  native/tools/compile.c compiles it to bytecode, and the linker joins bytecode and C host.
 *
 *  usage: node scripts/build.mjs [OPTION ...]
 *    --musl      a static release with musl-gcc
 *    --sanitize  with AddressSanitizer and UndefinedBehaviorSanitizer
 *    --debug     linked dynamically, with symbols: for gdb, perf and valgrind
 *    --faults    with fault injection for tests (src/init/loop/fault-injection.ts)
 *    --init FILE, --supervisor FILE, --auxiliary FILE, --operations FILE, --one FILE,
 *    --check FILE, --control FILE, --cli FILE, --plan FILE, --files FILE
 *                another entry point for an image, such as a test that runs in the engine
 *    --out FILE  the output (default: build/pitcrew, or build/pitcrew-VARIANT)
 *
 *  Objects are cached by a hash of their inputs, so that a second build compiles only what changed.
 *  Several builds may run at the same time. */
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
import { reducedYaml } from './yaml.mjs'

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
    supervisor: { type: 'string', default: 'src/init/image/supervisor.ts' },
    auxiliary: { type: 'string', default: 'src/init/image/auxiliary.ts' },
    operations: { type: 'string', default: 'src/init/image/operations.ts' },
    one: { type: 'string', default: 'src/init/image/one-command.ts' },
    check: { type: 'string', default: 'src/init/image/check.ts' },
    control: { type: 'string', default: 'src/control/server/entry.ts' },
    cli: { type: 'string', default: 'src/cli/entry.ts' },
    plan: { type: 'string', default: 'src/cli/bundle/plan-entry.ts' },
    files: { type: 'string', default: 'src/files/files-entry.ts' },
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
/** Flags for the binary; the bytecode compiler is built without them. */
const debug = options.debug ? ['-g', '-DPLAIN_CLONE'] : []
/** Nothing unwinds the stack, and the tables for that are a twelfth of the file. Debuggers read the
 *  debug information. */
const noUnwinding = ['-fno-unwind-tables', '-fno-asynchronous-unwind-tables']
const checks = options.sanitize ? ['-O1', ...sanitizers] : [...noUnwinding, ...debug]
/** Without warnings, because the engine is used unmodified. */
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
/** Images have no lines and columns, which take 140 KiB of memory and 4 % of the instructions of a
 *  start. The stack of a bug names its functions. Modules keep theirs: `import()` needs the names of
 *  their files. */
const positions = options.debug ? [] : ['strip']
/** Files that run for every event, line or start of a daemon are optimised for speed, the others
 *  for size. */
const fast = new Set(
  (
    'quickjs dtoa engine events bind_spawn clock loop turn spawn start child runs proc tree ' +
    'ready notify pump lines out ring logs client_input'
  ).split(' '),
)
const isFast = (file) => fast.has(basename(file, '.c'))
const smallFirst = (a, b) => isFast(a) - isFast(b)
const optimise = (file) => [isFast(file) ? '-O2' : '-Os']

/** How TypeScript is bundled. */
const bundling = {
  bundle: true,
  write: false,
  target: 'es2023',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version), __FAULTS__: String(options.faults) },
  logLevel: 'warning',
  plugins: [reducedYaml],
}

const versions = new Map()
const pendingObjects = new Map()

try {
  await main()
} catch (error) {
  log(`cannot build ${outFile}: ${error.stderr || error.stack}`)
  process.exitCode = 1
}

async function main() {
  verifyEngine(engine)
  mkdirSync(cacheFolder, { recursive: true })
  const engineObjects = Promise.all(
    engineSources
      .toSorted(smallFirst)
      .map((file) =>
        object(join(engine, file), [...engineFlags, ...optimise(file), ...checks], compiler),
      ),
  )
  const hostSources = filesIn(native, '.c')
    .filter((file) => !file.startsWith(join(native, 'tools')))
    .sort(smallFirst)
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
  // In this order, data that every start uses is contiguous, and fewer pages are loaded. The images
  // are contiguous, from `init` to `one`: see release() in native/engine/engine.c.
  const objects = await Promise.all([
    engineObjects,
    hostObjects,
    makeImages(tool, ['init', 'supervisor', 'auxiliary', 'operations', 'control', 'check', 'one']),
    makeModules(tool, [['files'], ['plan', 'cli']]),
  ])
  await link(objects.flat())
}

/** @returns The object of one C file, compiled unless the cache has it for this text and flags. */
function object(file, flags, cc) {
  const key = JSON.stringify([file, flags, cc])
  if (!pendingObjects.has(key)) pendingObjects.set(key, compile(file, flags, cc))
  return pendingObjects.get(key)
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
  log(`compile ${file.split('/').pop()}`)
  await makeAtomically(target, (part) => run(cc, [...all, '-c', file, '-o', part]))
  return target
}

/** The headers that a file may include. */
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

/** Builds the bytecode images as object files, each with a start and an end symbol. */
async function makeImages(pendingTool, names) {
  const tool = await pendingTool
  return Promise.all(
    names.map(async (name) => {
      const script = await bundleScript(options[name])
      const id = createHash('sha256')
        .update(JSON.stringify([name, script, compiler, positions]))
        .update(readFileSync(tool))
        .digest('hex')
        .slice(0, 16)
      const stem = join(cacheFolder, `image-${name}-${id}`)
      if (existsSync(`${stem}.o`)) return `${stem}.o`
      await makeAtomically(`${stem}.js`, (part) => writeFileSync(part, script))
      await makeAtomically(`${stem}.bytecode`, (part) =>
        run(tool, [`${stem}.js`, `pitcrew-${name}.js`, part, ...positions]),
      )
      await makeAtomically(`${stem}.S`, (part) =>
        writeFileSync(part, assembly(name, `${stem}.bytecode`)),
      )
      await makeAtomically(`${stem}.o`, (part) => run(compiler, ['-c', `${stem}.S`, '-o', part]))
      return `${stem}.o`
    }),
  )
}

/** Builds the modules of client verbs as one object file. The entry points are modules, and so is
 *  each verb that they import on demand, with what it shares with others (esbuild's splitting).
 *  Each group of entry points has modules of its own: more would divide what a group shares. */
async function makeModules(pendingTool, groups) {
  const tool = await pendingTool
  const scripts = (await Promise.all(groups.map(moduleScripts))).flat()
  const id = createHash('sha256')
    .update(JSON.stringify([scripts, compiler]))
    .update(readFileSync(tool))
    .digest('hex')
    .slice(0, 16)
  const stem = join(cacheFolder, `modules-${id}`)
  if (existsSync(`${stem}.o`)) return `${stem}.o`
  for (const { name, text } of scripts) {
    await makeAtomically(`${stem}-${name}`, (part) => writeFileSync(part, text))
    await makeAtomically(`${stem}-${name}.bytecode`, (part) =>
      run(tool, [`${stem}-${name}`, name, part, 'module']),
    )
  }
  await makeAtomically(`${stem}.S`, (part) => writeFileSync(part, moduleTable(scripts, stem)))
  await makeAtomically(`${stem}.o`, (part) => run(compiler, ['-c', `${stem}.S`, '-o', part]))
  return `${stem}.o`
}

/** Makes a file atomically, because several builds may make it at the same time. */
async function makeAtomically(file, make) {
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

/** The table of native/engine/engine.c: name, start and end of each module. */
function moduleTable(scripts, stem) {
  const rows = scripts.map((_, n) => `.quad name_${n}, start_${n}, end_${n}`)
  const contents = scripts.map(
    ({ name }, n) => `name_${n}: .asciz "${name}"
start_${n}: .incbin "${stem}-${name}.bytecode"
end_${n}: .byte 0`,
  )
  return `.section .data.rel.ro,"aw"
.global modules, modules_end
.balign 8
modules:
${rows.join('\n')}
modules_end:
.section .rodata
${contents.join('\n')}
.section .note.GNU-stack,"",%progbits
`
}

async function moduleScripts(names) {
  const { outputFiles } = await bundle({
    ...bundling,
    entryPoints: names.map((name) => ({ in: join(root, options[name]), out: name })),
    splitting: true,
    format: 'esm',
    outdir: '/',
  })
  return outputFiles.map(({ path, text }) => ({ name: basename(path), text }))
}

/** Bundles an image into one script, which the engine loads as one piece of bytecode. */
async function bundleScript(entry) {
  const result = await bundle({ ...bundling, entryPoints: [join(root, entry)], format: 'iife' })
  return result.outputFiles[0].text
}

/** Builds the bytecode compiler for this machine; its output does not depend on the target. */
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
    await makeAtomically(target, (part) =>
      run(cc, [...common, ...objects, '-lm', '-lpthread', '-o', part]),
    )
  }
  return target
}

/** A linker script that puts the hot functions (native/hot-functions.txt) before all others, side
 *  by side. The kernel loads 64 KiB of a file around a missing page, so that a mix of hot functions
 *  and others would be in memory as a whole. musl is small enough to count as hot, glibc is not. */
async function hotScript() {
  const text = readFileSync(join(native, 'hot-functions.txt'), 'utf8')
  const names = text.split('\n').filter((line) => /^\w+$/.test(line))
  const sections = names.map((name) => `*(.text.${name} .text.${name}.*)`)
  if (options.musl) sections.unshift('*libc.a:*(.text .text.*)')
  const script = `SECTIONS { .text.hot : { ${sections.join('\n')} } } INSERT BEFORE .text;\n`
  const id = createHash('sha256').update(script).digest('hex').slice(0, 16)
  const file = join(cacheFolder, `hot-${id}.ld`)
  if (!existsSync(file)) await makeAtomically(file, (part) => writeFileSync(part, script))
  return file
}

/** Links statically if this machine has a static libc; such a binary runs in an empty image. */
async function link(objects) {
  const flags = options.sanitize
    ? [...sanitizers]
    : ['-Wl,--gc-sections', `-Wl,-T,${await hotScript()}`, options.debug ? '-g' : '-s']
  const linkModes =
    options.sanitize || options.debug ? [[]] : options.musl ? [['-static']] : [['-static'], []]
  mkdirSync(dirname(outFile), { recursive: true })
  for (const [index, mode] of linkModes.entries()) {
    try {
      const words = [...common, ...mode, ...flags, ...objects, '-lm', '-lpthread']
      await makeAtomically(outFile, (part) => run(compiler, [...words, '-o', part]))
      if (index > 0) log('linked dynamically: this machine has no static libc')
      break
    } catch (error) {
      if (index === linkModes.length - 1) throw error
    }
  }
  log(`built ${outFile}`)
}

function log(text) {
  process.stderr.write(`${text}\n`)
}
