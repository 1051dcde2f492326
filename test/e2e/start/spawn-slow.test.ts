/** A child that hangs between clone and exec, because another process suspended it or its disk
 *  hangs. Only the start of its own daemon fails. FAULTS 36. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExplainAnswer, StatusAnswer } from '../../../src/control/protocol/status.ts'
import { jsonAnswer, runVerb } from '../support/cli.ts'
import { compileFixture, Pitcrew, root, sh } from '../support/pitcrew.ts'
import { eventually, outsidePid, pidOf, processesUnder } from '../support/processes.ts'
import { Program } from '../support/program.ts'

const isRoot = process.getuid?.() === 0
const long = { command: sh('echo up; exec sleep 1000') }
let stopper = ''
/** A program of the test's own, so that blocking it blocks nothing else. */
let folder = ''
const slow = (): string => join(folder, 'slow')

beforeAll(() => {
  compileFixture('blocks-exec')
  stopper = compileFixture('hostile-sigstop')
  // In a folder that other users can enter, since they execute it, too.
  folder = mkdtempSync(join(root, 'build/fixtures/slow-'))
  copyFileSync('/bin/sleep', slow())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Blocks every execution of the program until it is allowed or denied. */
class ExecBlocker extends Program {
  constructor() {
    super([join(root, 'build/fixtures/blocks-exec'), slow()], { env: {}, stdin: 'pipe' })
  }

  answer(word: 'allow' | 'deny'): void {
    this.process.stdin?.write(word[0])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}

async function blockExec(): Promise<ExecBlocker> {
  const blocker = new ExecBlocker()
  await blocker.line('ready')
  return blocker
}

async function states(pitcrew: Pitcrew): Promise<string[]> {
  const { daemons } = await jsonAnswer<StatusAnswer>(pitcrew, 'status')
  return daemons.map(({ name, state }) => `${name} ${state}`)
}

/** pitcrew sleeps in its loop: epoll_wait or epoll_pwait, on x86-64 or arm64. */
function waitsInLoop(pitcrew: Pitcrew): boolean {
  const call = readFileSync(`/proc/${pitcrew.pid}/syscall`, 'utf8').split(' ')[0] ?? ''
  return ['232', '281', '22'].includes(call)
}

test.skipIf(!isRoot)(
  'a daemon with a start that hangs is "starting", and ready when it continues',
  async () => {
    await using blocker = await blockExec()
    const web = { command: [slow(), '1000'] }
    const daemons = { web, behind: { ...long, after: ['web'] }, beside: long }
    await using pitcrew = new Pitcrew({ daemons })
    await blocker.line('held')
    await pitcrew.line('[beside] up')
    expect(await states(pitcrew)).toEqual(['web starting', 'behind waiting', 'beside ready'])
    const { why } = await jsonAnswer<ExplainAnswer>(pitcrew, 'explain', 'web')
    expect(why[0]).toMatch(
      /^web was started .* ago and has not executed its command yet \(pid \d+, run 1\)/,
    )
    blocker.answer('allow')
    await pitcrew.line('[behind] up')
    expect(await states(pitcrew)).toEqual(['web ready', 'behind ready', 'beside ready'])
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
  },
)

test.skipIf(!isRoot)('a start that fails late is logged with the exact error', async () => {
  await using blocker = await blockExec()
  const it = { command: [slow(), '1000'], restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { it, beside: long } })
  await blocker.line('held')
  await pitcrew.line('it: started')
  blocker.answer('deny')
  await pitcrew.line(`it: cannot start (run 1): cannot execute ${slow()}: not permitted (EPERM)`)
  expect(await states(pitcrew)).toEqual(['it failed', 'beside ready'])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(126)
  expect(processesUnder(pitcrew)).toEqual([])
})

test.skipIf(!isRoot)('a daemon that is killed before its exec was never ready', async () => {
  await using blocker = await blockExec()
  const it = { command: [slow(), '1000'], restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { it, behind: { ...long, after: ['it'] } } })
  await blocker.line('held')
  process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'it')), 'SIGKILL')
  await pitcrew.line('behind: not started: it needs it, which has failed')
  expect(pitcrew.lines.filter((line) => line.includes('behind: started'))).toEqual([])
})

test.skipIf(!isRoot)('a start that hangs is given up after five seconds', async () => {
  await using blocker = await blockExec()
  const it = { command: [slow(), '1000'], restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { it, beside: long } })
  await blocker.line('held')
  const line = await pitcrew.line('it: cannot start')
  expect(line).toContain(
    `(run 1): timed out before it executed ${slow()} (step "exec"): it was stopped, or a disk hangs`,
  )
  expect(await states(pitcrew)).toEqual(['it failed', 'beside ready'])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(126)
})

test.skipIf(!isRoot)(
  'many starts that hang delay neither other daemons nor a shutdown',
  async () => {
    await using _ = await blockExec()
    const it = { command: [slow(), '1000'], stop: { grace: '300ms' } }
    const daemons = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`d${n}`, it]))
    await using pitcrew = new Pitcrew({ daemons: { ...daemons, beside: long } })
    await pitcrew.line('[beside] up')
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(pitcrew.lines.filter((line) => line.includes(': stopped: signal TERM')).length).toBe(71)
  },
)

test.skipIf(!isRoot)(
  'the start of a command in the one-command mode has no time limit',
  async () => {
    await using blocker = await blockExec()
    await using pitcrew = new Pitcrew(null, { args: ['--', slow(), '0'] })
    await blocker.line('held')
    await eventually('pitcrew waits in its loop', () => waitsInLoop(pitcrew))
    blocker.answer('deny')
    expect(await pitcrew.exitCode()).toBe(126)
    expect(pitcrew.errors).toEqual([`pitcrew: cannot execute ${slow()}: not permitted (EPERM)`])
  },
)

test.skipIf(!isRoot)(
  'a process that suspends every start of its user does not delay pitcrew',
  async () => {
    const victim = { command: [slow(), '1000'], user: '65534', group: '65534' }
    const daemons = {
      hostile: { command: [stopper], user: '65534', group: '65534' },
      ...Object.fromEntries(
        Array.from({ length: 20 }, (_, n) => [`v${n}`, { ...victim, after: ['hostile'] }]),
      ),
      beside: { ...long, after: ['hostile'] },
    }
    await using pitcrew = new Pitcrew({ daemons })
    await pitcrew.line('[hostile] at work')
    await pitcrew.line('[beside] up')
    expect((await runVerb(pitcrew, 'status')).status).toBe(0)
    for (let round = 0; round < 3; round++) {
      await runVerb(
        pitcrew,
        'restart',
        ...Array.from({ length: 20 }, (_, n) => `v${n}`),
        '--no-wait',
      )
    }
    pitcrew.signal('SIGTERM')
    await pitcrew.exitCode()
    expect(processesUnder(pitcrew)).toEqual([])
  },
)
