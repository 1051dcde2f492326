/** Measures pitcrew, the floor and other supervisors side by side: see README.md.
 *
 *  usage: npm run bench -- [--quick] [--repeat COUNT] [--only GROUP,…] [--peers NAME,…]
 *                          [--also NAME=FILE] [--out FOLDER]
 *
 *    --quick         smaller measurements: about two minutes instead of twenty
 *    --repeat COUNT  repeats; each runs every contender once for each measure, in random order
 *    --only GROUP    only these groups of measures: boot, memory, idle, stop, log, latency,
 *                    restart, death, chain, stubborn, one, leaks, storm, control, follow
 *    --peers NAME    only these contenders, and the floor
 *    --also NAME=FILE   another build of pitcrew as well
 *    --out FOLDER    the folder for results.json and results.svg: by default bench/ for a complete
 *                    run, otherwise build/bench/ */
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compileAll } from './compile.mjs'
import { contenders } from './contenders/index.mjs'
import { pitcrewFrom } from './contenders/pitcrew.mjs'
import { enterControlGroup } from './control-group.mjs'
import { installPeers } from './install.mjs'
import { measures } from './measures/index.mjs'
import { report } from './report.mjs'
import { Results } from './results.mjs'
import { removeScratch, syncPrograms, withoutPaths } from './scratch.mjs'

const sizes = {
  quick: {
    idleMs: 1000,
    logBytes: 128e6,
    pings: 200,
    restarts: 20,
    leakRestarts: 300,
    stormMs: 3000,
    requests: 100,
  },
  full: {
    idleMs: 2000,
    logBytes: 512e6,
    pings: 1000,
    restarts: 50,
    leakRestarts: 10_000,
    stormMs: 10_000,
    requests: 500,
  },
}

/** Set by a signal. The current run is ended first, so that none of its processes is left. */
let isInterrupted = false

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  log(error.message)
  process.exitCode = 1
}

async function main(args) {
  const options = parse(args)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      isInterrupted = true
    })
  }
  try {
    await compileAll()
    return await bench(options)
  } finally {
    removeScratch()
  }
}

/** @returns The exit status: 1 if a result of pitcrew or the floor was wrong. */
async function bench(options) {
  const chosen = choose(options)
  syncPrograms()
  const settings = { ...(options.quick ? sizes.quick : sizes.full), isQuick: options.quick }
  const groups = options.only?.split(',') ?? measures.flatMap((measure) => measure.groups)
  const repeats = Number(options.repeat ?? (options.quick ? 2 : 7))
  const results = new Results(chosen.map(({ name }) => name))
  const leave = enterControlGroup()
  if (leave === null)
    log('NO CONTROL GROUP can be made: daemons with sessions start slower than in a container')
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      log(`repeat ${repeat + 1} of ${repeats}, load ${loadavg()[0].toFixed(1)}`)
      await runOnce({ chosen, groups, settings, repeats, repeat, results })
    }
  } finally {
    leave?.()
  }
  const { quick, only, peers, also } = options
  const isWhole = !quick && only === undefined && peers === undefined && also.length === 0
  const folder = options.out ?? join(import.meta.dirname, isWhole ? '.' : '../build/bench')
  report(results, { folder, repeats, isQuick: options.quick })
  return chosen.some(({ name, isOurs }) => isOurs && results.faultsOf(name).length > 0) ? 1 : 0
}

async function runOnce({ chosen, groups, settings, repeats, repeat, results }) {
  for (const measure of measures)
    for (const kase of measure.cases)
      for (const contender of shuffled(chosen)) {
        if (isInterrupted) throw new Error('interrupted: no results are reported')
        const wants = (group) =>
          groups.includes(group) && (contender.onlyGroups?.includes(group) ?? true)
        const isDue = repeat % (measure.isOnce ? repeats : contender.isSlow ? 3 : 1) === 0
        if (!isDue || !measure.groups.some(wants) || !measure.fits(contender, kase, settings))
          continue
        try {
          const values = await measure.run(contender, kase, { ...settings, wants })
          results.add(contender.name, repeat, values)
        } catch (error) {
          results.addFault(contender.name, measure.keys(kase), withoutPaths(error.message))
        }
      }
}

function parse(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      also: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
    },
  })
  const known = [...new Set(measures.flatMap((measure) => measure.groups))]
  const unknown = values.only?.split(',').find((group) => !known.includes(group))
  if (unknown !== undefined)
    throw new Error(`cannot measure "${unknown}": the groups are ${known.join(', ')}`)
  if (values.repeat !== undefined && !/^[1-9]\d*$/.test(values.repeat))
    throw new Error(`cannot repeat "${values.repeat}" times: give a number from 1 on`)
  return values
}

/** The chosen contenders that can be measured; the others are reported. */
function choose({ peers, also }) {
  const added = also.map((text) => {
    const [name, file] = text.split('=')
    if (file === undefined) throw new Error(`cannot add "${text}": write --also NAME=FILE`)
    return pitcrewFrom(name, resolve(file))
  })
  const names = peers?.split(',') ?? contenders.map(({ name }) => name)
  const unknown = names.find((name) => contenders.every((contender) => contender.name !== name))
  if (unknown !== undefined) {
    const known = contenders.map(({ name }) => name).join(', ')
    throw new Error(`cannot measure "${unknown}": the contenders are ${known}`)
  }
  const chosen = [
    ...contenders.filter(({ name }) => name === 'floor' || names.includes(name)),
    ...added,
  ]
  installPeers(chosen, log)
  return chosen.filter((contender) => {
    const why = contender.absent()
    if (why !== null) log(`WITHOUT ${contender.name}: ${why}`)
    return why === null
  })
}

function shuffled(items) {
  return items
    .map((item) => ({ item, chance: Math.random() }))
    .sort((a, b) => a.chance - b.chance)
    .map(({ item }) => item)
}

function log(text) {
  process.stderr.write(`${text}\n`)
}
