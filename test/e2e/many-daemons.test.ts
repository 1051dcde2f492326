/** As many daemons as a bundle may have: they start, all die in one moment and come back, and end in order. No call into
 *  the policy takes so long that the host interrupts it, however busy the machine is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { StatusAnswer } from '../../src/control/protocol/status.ts'
import { clientEnvironment } from './support/cli.ts'
import { binary, childrenOf, compileFixture, Pitcrew, writeBundle } from './support/pitcrew.ts'
import { Program } from './support/program.ts'

/** A pipe each, and what pitcrew has itself. */
const descriptorsNeeded = 2 * 4096
const limits = readFileSync('/proc/self/limits', 'utf8')
const descriptors = Number(/Max open files +\d+ +(\d+)/.exec(limits)?.[1] ?? Number.NaN)
const isPossible = !(descriptors < descriptorsNeeded)
if (!isPossible) {
  console.warn(
    `at most ${descriptors} open files here: too few for 4096 daemons, tests are skipped`,
  )
}
const patienceMs = 200_000

let sleeps = ''
beforeAll(() => {
  sleeps = compileFixture('sleeps', '-static')
})

function bundleOf(count: number): string {
  const daemons = Array.from({ length: count }, (_, n) => `  d-${n}: { command: [${sleeps}] }\n`)
  return `deadline: 60s\ndaemons:\n${daemons.join('')}`
}

/** Nothing was too much for it. */
function expectOrder({ lines, errors }: Pitcrew): void {
  const troubles = [...lines, ...errors].filter((line) =>
    /internal error|was not running|killing/.test(line),
  )
  expect(troubles).toEqual([])
}

function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleeps\n'
  } catch {
    return false
  }
}

/** Each with its death on record, what it uses, and why it is as it is. */
async function expectTold({ folder }: Pitcrew): Promise<void> {
  const ask = async (...args: readonly string[]): Promise<string[]> => {
    const program = new Program([binary, ...args], { env: clientEnvironment(folder), patienceMs })
    expect(await program.exitCode(), program.transcript()).toBe(0)
    return program.lines
  }
  const { daemons } = JSON.parse((await ask('status', '--json'))[0] ?? '') as StatusAnswer
  expect(daemons.map(({ name }) => name)).toEqual(Array.from({ length: 4096 }, (_, n) => `d-${n}`))
  // A machine that lets no more processes be made for a moment costs a daemon another run.
  for (const { run, usage, lastDeath } of daemons) {
    expect(run).toBeGreaterThanOrEqual(2)
    expect(usage?.processes).toBe(1)
    expect(lastDeath?.cause).toMatch(/KILL|limit of the system/)
  }
  expect((await ask('explain', 'd-4095')).join('\n')).toMatch(/run [2-9]/)
  expect(await ask('wait', ...daemons.map(({ name }) => name))).toHaveLength(4096)
}

async function endsInOrder(pitcrew: Pitcrew, count: number): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes(': stopped: signal TERM'))).toHaveLength(
    count,
  )
  expectOrder(pitcrew)
}

test.runIf(isPossible)(
  '2500 from a plan start, and stop at TERM',
  async () => {
    await using builder = new Pitcrew(null, { args: ['version'] })
    const yaml = writeBundle(builder.folder, bundleOf(2500))
    const plan = join(builder.folder, 'plan.json')
    execFileSync(binary, ['build', yaml, '--out', plan])
    await using pitcrew = new Pitcrew(null, { args: ['run', plan], patienceMs })
    await pitcrew.linesWith(': started', 2500)
    await endsInOrder(pitcrew, 2500)
  },
  300_000,
)

test.runIf(isPossible)(
  '4096 from YAML start, die in one moment, start again, are told of, and stop at TERM',
  async () => {
    await using pitcrew = new Pitcrew(bundleOf(4096), { patienceMs })
    await pitcrew.linesWith(': started', 4096)
    // The journal is written by a child, too.
    const pids = childrenOf(pitcrew.pid).filter(isDaemon)
    expect(pids).toHaveLength(4096)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await pitcrew.linesWith(': died', 4096)
    await pitcrew.linesWith(': started', 2 * 4096)
    await expectTold(pitcrew)
    await endsInOrder(pitcrew, 4096)
  },
  600_000,
)
