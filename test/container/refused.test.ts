/** The limits that docs/CONTAINERS.md lists for containers without /proc or with a restrictive
 *  seccomp profile. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { binary, fixtures, sh, writeBundle } from '../e2e/support/pitcrew.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { Container, type ContainerOptions, describeInDocker, withoutProc } from './container.ts'

const profile = `seccomp=${join(fixtures, 'scripts/seccomp-denies-new-syscalls.json')}`
const refusing: ContainerOptions = { docker: ['--security-opt', profile] }
const long = { command: sh('echo up; exec sleep 1000') }
/** Exits once its child has left the group. */
const leavesEscapee = `
  output=$(setsid sh -c 'echo left; exec sleep 2000 < /dev/null > /dev/null 2>&1' &)
  echo $output; exit 4`
const bundle = {
  signals: { USR1: { restart: ['a'] } },
  daemons: { a: long, leaves: { command: sh(leavesEscapee), restart: 'never' } },
}

describeInDocker('a process that has left the group of its daemon', () => {
  test('is ended with it where /proc and pidfd_open are available', async () => {
    await using container = new Container(bundle)
    await container.line('leaves: died: exit code 4')
    const first = { pid: await container.hostPid() }
    await eventually('only the other daemon is left', () => processesUnder(first).length === 1)
  })

  test('is ended with it without pidfd_open, since an orphan is a child of pitcrew', async () => {
    await using container = new Container(bundle, refusing)
    await container.line('leaves: died: exit code 4')
    const first = { pid: await container.hostPid() }
    await eventually('only the other daemon is left', () => processesUnder(first).length === 1)
  })

  test('is not found without /proc, and ends with the container', async () => {
    await using container = new Container(bundle, withoutProc)
    await container.line('leaves: died: exit code 4')
    await container.signal('SIGUSR1')
    await container.linesWith('[a] up', 2)
    expect(processesUnder({ pid: await container.hostPid() })).toHaveLength(2)
    await container.stop()
    expect(await container.exitCode()).toBe(4)
  })
})

describeInDocker('without /proc and execveat', () => {
  const docker = ['--cap-add', 'SYS_ADMIN', '--security-opt', profile]
  const neither = { ...withoutProc, docker }

  test('the parser cannot be started, and the message has the remedy', async () => {
    await using container = new Container({ daemons: { a: long } }, neither)
    expect(await container.exitCode()).toBe(127)
    expect(container.errors).toEqual([
      'pitcrew: cannot execute itself as a helper: EPERM; allow execveat, or mount /proc',
    ])
  })

  test('a plan needs no parser', async () => {
    await using container = new Container(planOf({ daemons: { a: long } }), neither)
    await container.line('[a] up')
    await container.stop()
    expect(await container.exitCode()).toBe(0)
  })
})

/** The plan that `pitcrew build` makes of a bundle. */
function planOf(given: object): object {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-plan-'))
  try {
    const plan = join(folder, 'plan.json')
    execFileSync(binary, ['build', writeBundle(folder, given), '--out', plan], { stdio: 'pipe' })
    return JSON.parse(readFileSync(plan, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describeInDocker('a daemon with a user of its own', () => {
  test.each([
    ['--cap-drop', 'ALL'],
    ['--user', '12345'],
  ])('cannot be started under %s %s, and other daemons can', async (...docker) => {
    const daemons = { a: long, b: { ...long, user: 'nobody', restart: 'never' } }
    await using container = new Container({ daemons }, { docker })
    await container.line('[a] up')
    await container.line(
      'b: cannot start (run 1): cannot switch to its user: not permitted (EPERM)',
    )
    await container.stop()
    expect(await container.exitCode()).toBe(126)
  })
})
