/** Plays many schedules in the simulator (test/sim), on all cores, and tells how it goes.
 *
 *  usage: npm run sim -- [--seeds COUNT] [--from SEED] [--jobs COUNT]
 *
 *  It ends with status 1 when a promise broke, or a cell of the daemon's table that is neither rare
 *  nor out of reach was not visited. */
import { mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = join(root, 'build/sim.mjs')
/** Schedules that a worker plays before it says how far it is. */
const pieceSize = 500
/** Broken promises that are told whole. */
const toldMax = 3

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
  let toldAt = startedAt

  const say = () => {
    const seconds = (performance.now() - startedAt) / 1000
    const rate = Math.round((played / seconds) * 60)
    process.stderr.write(`${played} of ${count} schedules, ${rate} a minute, ${broken} broken\n`)
  }
  const take = (worker, answer) => {
    played += answer.played
    for (const [cell, times] of answer.visits) visits.set(cell, (visits.get(cell) ?? 0) + times)
    for (const text of answer.broken) if (broken++ < toldMax) process.stdout.write(`${text}\n\n`)
    if (performance.now() - toldAt > 5000) {
      toldAt = performance.now()
      say()
    }
    give(worker)
  }
  const give = (worker) => {
    const from = next
    next = Math.min(end, next + pieceSize)
    worker.postMessage(from < next ? { from, to: next } : null)
  }
  await Promise.all(
    Array.from({ length: Number(options.jobs) }, () => {
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { file } })
      worker.on('message', (answer) => take(worker, answer))
      give(worker)
      return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
    }),
  )
  say()
  const missed = cells.filter((cell) => !visits.has(cell) && !(cell in unreachable))
  const visited = cells.filter((cell) => visits.has(cell)).length
  const closed = Object.keys(unreachable).length
  process.stdout.write(`${visited} of ${cells.length} cells visited, ${closed} cannot be reached\n`)
  for (const cell of missed)
    process.stdout.write(`not visited: ${cell}${cell in rare ? ` (rare: ${rare[cell]})` : ''}\n`)
  for (const cell of Object.keys(unreachable))
    if (visits.has(cell)) process.stdout.write(`visited, against what is said of it: ${cell}\n`)
  process.exitCode = broken > 0 || missed.some((cell) => !(cell in rare)) ? 1 : 0
}

/** With a hook in front of the daemon's table; nothing on disk is changed. */
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
        if (head === undefined)
          throw new Error('the hook does not fit src/core/daemon/daemon.ts any more')
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
  if (!isHooked) throw new Error('the simulator does not load src/core/daemon/daemon.ts any more')
}

async function work() {
  const { Cells, scheduleFor, whatBroke } = await import(pathToFileURL(workerData.file).href)
  parentPort.on('message', (piece) => {
    if (piece === null) return parentPort.close()
    const cells = new Cells()
    globalThis.onCell = (daemon, event) => cells.see(daemon, event)
    const broken = []
    for (let seed = piece.from; seed < piece.to; seed++) {
      const said = whatBroke(scheduleFor(seed))
      if (said !== null) broken.push(said)
    }
    parentPort.postMessage({ played: piece.to - piece.from, visits: [...cells.visits], broken })
  })
}
