/** Prints the few figures that the documents quote: sizes, memory, boot, wake-ups. Not a benchmark:
 *  one machine, no peers. `npm run figures -- build/pitcrew build/pitcrew-musl` */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const binaries = process.argv.length > 2 ? process.argv.slice(2) : ['build/pitcrew']
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-figures-'))
const env = { PATH: process.env.PATH, PITCREW_STATE: folder }

for (const binary of binaries) {
  console.log(`${binary}: ${(statSync(binary).size / 1e6).toFixed(2)} MB`)
  const { rss, anonymous, switches } = await atRest(binary)
  console.log(`  4 daemons at rest: ${rss} kB resident (${anonymous} kB of it anonymous)`)
  console.log(`  wake-ups in a second of rest: ${switches}`)
  for (const [daemons, kind] of [4, 20].flatMap((n) => [
    [n, 'plan'],
    [n, 'YAML'],
  ])) {
    const [least, median] = boot(binary, daemons, kind)
    console.log(`  boot of ${daemons} from ${kind}: ${median} ms (median of 40; least ${least})`)
  }
}
rmSync(folder, { recursive: true })

async function atRest(binary) {
  const path = write(binary, 4, 'plan', ['sleep', '100'])
  const child = spawn(binary, ['run', path], { env, stdio: 'ignore' })
  await pause(500)
  const before = status(child.pid)
  await pause(1000)
  const after = status(child.pid)
  child.kill()
  const switches = after.voluntary_ctxt_switches - before.voluntary_ctxt_switches
  return { rss: after.VmRSS, anonymous: after.RssAnon, switches }
}

function status(pid) {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n')
  return Object.fromEntries(
    lines.map((line) => [line.split(':')[0], Number.parseInt(line.split(':')[1], 10)]),
  )
}

/** From the start of the process until its last daemon runs, which then kills it. What starting a
 *  process costs the one who measures, and that last shell, are in it. */
function boot(binary, daemons, kind) {
  const path = write(binary, daemons, kind, ['sh', '-c', 'kill -KILL $PPID'])
  const times = Array.from({ length: 40 }, () => {
    const startedAt = performance.now()
    spawnSync(binary, ['run', path], { env, stdio: 'ignore' })
    return performance.now() - startedAt
  }).sort((a, b) => a - b)
  return [times[0], times[20]].map((ms) => ms.toFixed(2))
}

function write(binary, daemons, kind, last) {
  const names = Array.from({ length: daemons }, (_, index) => `d${index}`)
  const command = (index) => JSON.stringify(index === daemons - 1 ? last : ['sleep', '100'])
  const yaml = join(folder, `${daemons}.yaml`)
  const lines = names.map((name, index) => `  ${name}: { command: ${command(index)} }`)
  writeFileSync(yaml, `daemons:\n${lines.join('\n')}\n`)
  if (kind === 'YAML') return yaml
  const plan = join(folder, `${daemons}.json`)
  execFileSync(binary, ['build', yaml, '--out', plan], { stdio: 'ignore' })
  return plan
}
