/** The maximum number of daemons of a bundle: all start, die in the same moment, restart, and
 *  stop in order. No call into the policy takes so long that the host interrupts it, however
 *  busy the machine is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { StatusAnswer } from '../../src/control/protocol/status.ts'
import { clientEnvironment } from './support/cli.ts'
import { binary, childrenOf, compileFixture, Pitcrew, writeBundle } from './support/pitcrew.ts'
import { Program } from './support/program.ts'

/** A pipe for each daemon, and those of pitcrew itself. */
const descriptorsNeeded = 2 * 4096
const limits = readFileSync('/proc/self/limits', 'utf8')
const descriptors = Number(/Max open files +\d+ +(\d+)/.exec(limits)?.[1] ?? Number.NaN)
const hasDescriptors = !(descriptors < descriptorsNeeded)
if (!hasDescriptors) {
  console.warn(
    `the limit of ${descriptors} open files is too low for 4096 daemons: tests are skipped`,
  )
}
const timeoutMs = 200_000

let sleeps = ''
beforeAll(() => {
  sleeps = compileFixture('sleeps', '-static')
})

function bundleOf(count: number): string {
  const daemons = Array.from({ length: count }, (_, n) => `  d-${n}: { command: [${sleeps}] }\n`)
  return `deadline: 60s\ndaemons:\n${daemons.join('')}`
}

/** No fault was reported, and no daemon had to be killed. */
function expectNoTrouble({ lines, errors }: Pitcrew): void {
  const troubles = [...lines, ...errors].filter((line) =>
    /internal error|was paused|killing/.test(line),
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

/** `status`, `explain` and `wait` answer for each daemon, with its usage and its last death. */
async function expectAnswers({ folder }: Pitcrew): Promise<void> {
  const run = async (...args: readonly string[]): Promise<string[]> => {
    const program = new Program([binary, ...args], { env: clientEnvironment(folder), timeoutMs })
    expect(await program.exitCode(), program.transcript()).toBe(0)
    return program.lines
  }
  const { daemons } = JSON.parse((await run('status', '--json'))[0] ?? '') as StatusAnswer
  expect(daemons.map(({ name }) => name)).toEqual(Array.from({ length: 4096 }, (_, n) => `d-${n}`))
  // A daemon has a further run if the machine allowed no more processes for a moment.
  for (const { run, usage, lastDeath } of daemons) {
    expect(run).toBeGreaterThanOrEqual(2)
    expect(usage?.processes).toBe(1)
    expect(lastDeath?.cause).toMatch(/KILL|limit of the system/)
  }
  expect((await run('explain', 'd-4095')).join('\n')).toMatch(/run [2-9]/)
  expect(await run('wait', ...daemons.map(({ name }) => name))).toHaveLength(4096)
}

async function endsInOrder(pitcrew: Pitcrew, count: number): Promise<void> {
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.filter((line) => line.includes(': stopped: signal TERM'))).toHaveLength(
    count,
  )
  expectNoTrouble(pitcrew)
}

test.runIf(hasDescriptors)(
  '2500 daemons of a plan start, and stop at TERM',
  async () => {
    await using builder = new Pitcrew(null, { args: ['version'] })
    const yaml = writeBundle(builder.folder, bundleOf(2500))
    const plan = join(builder.folder, 'plan.json')
    execFileSync(binary, ['build', yaml, '--out', plan])
    await using pitcrew = new Pitcrew(null, { args: ['run', plan], timeoutMs })
    await pitcrew.linesWith(': started', 2500)
    await endsInOrder(pitcrew, 2500)
  },
  300_000,
)

test.runIf(hasDescriptors)(
  '4096 daemons of a YAML bundle start, die in the same moment, restart, are listed, and stop at TERM',
  async () => {
    await using pitcrew = new Pitcrew(bundleOf(4096), { timeoutMs })
    await pitcrew.linesWith(': started', 4096)
    // The process that writes the journal is a child, too.
    const pids = childrenOf(pitcrew.pid).filter(isDaemon)
    expect(pids).toHaveLength(4096)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await pitcrew.linesWith(': died', 4096)
    await pitcrew.linesWith(': started', 2 * 4096)
    await expectAnswers(pitcrew)
    await endsInOrder(pitcrew, 4096)
  },
  600_000,
)
