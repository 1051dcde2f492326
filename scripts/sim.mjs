/** Plays many schedules in the simulator (test/sim) on all cores, and reports progress and
 *  findings.
 *
 *  usage: npm run sim -- [--seeds COUNT] [--from SEED] [--jobs COUNT]
 *
 *  The exit status is 1 if a promise was broken, or if a cell of the daemon's table was not visited
 *  that is neither rare nor unreachable. */
import { mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = join(root, 'build/sim.mjs')
/** Schedules that a worker plays between two reports. */
const batchSize = 500
/** The memory for new objects of a worker, in MiB. */
const youngMib = 192
/** Broken promises that are printed in full. */
const shownMax = 3

if (isMainThread) await main()
else await work()

async function main() {
  const { values: options } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100000' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
    },
  })
  await bundle()
  const { cells, rare, unreachable } = await import(pathToFileURL(file).href)
  const count = Number(options.seeds)
  const end = Number(options.from) + count
  const startedAt = performance.now()
  const visits = new Map()
  let next = Number(options.from)
  let played = 0
  let broken = 0
  let reportedAt = startedAt

  const reportProgress = () => {
    const seconds = (performance.now() - startedAt) / 1000
    const rate = Math.round((played / seconds) * 60)
    process.stderr.write(`${played} of ${count} schedules, ${rate} a minute, ${broken} broken\n`)
  }
  const receive = (worker, answer) => {
    played += answer.played
    for (const [cell, times] of answer.visits) visits.set(cell, (visits.get(cell) ?? 0) + times)
    for (const text of answer.broken) if (broken++ < shownMax) process.stdout.write(`${text}\n\n`)
    if (performance.now() - reportedAt > 5000) {
      reportedAt = performance.now()
      reportProgress()
    }
    assign(worker)
  }
  const assign = (worker) => {
    const from = next
    next = Math.min(end, next + batchSize)
    worker.postMessage(from < next ? { from, to: next } : null)
  }
  await Promise.all(
    Array.from({ length: Number(options.jobs) }, () => {
      const worker = new Worker(fileURLToPath(import.meta.url), {
        workerData: { file },
        // Almost nothing outlives its schedule: with much room, little is copied before it dies.
        resourceLimits: { maxYoungGenerationSizeMb: youngMib },
      })
      worker.on('message', (answer) => receive(worker, answer))
      assign(worker)
      return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
    }),
  )
  reportProgress()
  const missed = cells.filter((cell) => !visits.has(cell) && !(cell in unreachable))
  const visited = cells.filter((cell) => visits.has(cell)).length
  const unreachableCount = Object.keys(unreachable).length
  process.stdout.write(
    `${visited} of ${cells.length} cells visited, ${unreachableCount} unreachable\n`,
  )
  for (const cell of missed)
    process.stdout.write(`not visited: ${cell}${cell in rare ? ` (rare: ${rare[cell]})` : ''}\n`)
  for (const cell of Object.keys(unreachable))
    if (visits.has(cell)) process.stdout.write(`visited, but listed as unreachable: ${cell}\n`)
  process.exitCode = broken > 0 || missed.some((cell) => !(cell in rare)) ? 1 : 0
}

/** Bundles the simulator with a hook in the daemon's table; the sources are not changed. */
async function bundle() {
  mkdirSync(dirname(file), { recursive: true })
  let isHooked = false
  const hook = {
    name: 'hook',
    setup({ onLoad }) {
      onLoad({ filter: /src\/core\/daemon\/daemon\.ts$/ }, ({ path }) => {
        isHooked = true
        const text = readFileSync(path, 'utf8')
        const head = /export function stepDaemon\([^)]*\): Daemon \{\n/.exec(text)?.[0]
        if (head === undefined) throw new Error('the hook no longer fits src/core/daemon/daemon.ts')
        const contents = text.replace(head, `${head}  globalThis.onCell?.(daemon, event)\n`)
        return { contents, loader: 'ts' }
      })
    },
  }
  await build({
    entryPoints: [join(root, 'test/sim/api.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: file,
    plugins: [hook],
    logLevel: 'warning',
  })
  if (!isHooked) throw new Error('the simulator no longer loads src/core/daemon/daemon.ts')
}

async function work() {
  const { Cells, scheduleFor, failureReport } = await import(pathToFileURL(workerData.file).href)
  // Planted faults are errors, and their stack is never read.
  Error.stackTraceLimit = 0
  parentPort.on('message', (batch) => {
    if (batch === null) return parentPort.close()
    const cells = new Cells()
    globalThis.onCell = (daemon, event) => cells.see(daemon, event)
    const broken = []
    for (let seed = batch.from; seed < batch.to; seed++) {
      const finding = failureReport(scheduleFor(seed))
      if (finding !== null) broken.push(finding)
    }
    parentPort.postMessage({ played: batch.to - batch.from, visits: [...cells.visits], broken })
  })
}
