/** Limits that are not ours: what docs/CONTAINERS.md says of a container without /proc, or with a seccomp profile. */
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
/** Its leader ends when it has left the group: when it has let go of what is read here. */
const leaves = `
  said=$(setsid sh -c 'echo left; exec sleep 2000 < /dev/null > /dev/null 2>&1' &)
  echo $said; exit 4`
const bundle = {
  signals: { USR1: { restart: ['a'] } },
  daemons: { a: long, leaves: { command: sh(leaves), restart: 'never' } },
}

describeInDocker('a process that left the group of its daemon', () => {
  test('is found and ended with it where there is /proc and pidfd_open', async () => {
    await using container = new Container(bundle)
    await container.line('leaves: died: exit code 4')
    const first = { pid: await container.hostPid() }
    await eventually('only the sibling is left', () => processesUnder(first).length === 1)
  })

  test('under a seccomp profile that refuses pidfd_open, too, since it is our child', async () => {
    await using container = new Container(bundle, refusing)
    await container.line('leaves: died: exit code 4')
    const first = { pid: await container.hostPid() }
    await eventually('only the sibling is left', () => processesUnder(first).length === 1)
  })

  test('without /proc: is not found; it ends with the container', async () => {
    await using container = new Container(bundle, withoutProc)
    await container.line('leaves: died: exit code 4')
    await container.signal('SIGUSR1')
    await container.linesWith('[a] up', 2)
    expect(processesUnder({ pid: await container.hostPid() })).toHaveLength(2)
    await container.stop()
    expect(await container.exitCode()).toBe(4)
  })
})

describeInDocker('neither /proc nor execveat', () => {
  const docker = ['--cap-add', 'SYS_ADMIN', '--security-opt', profile]
  const neither = { ...withoutProc, docker }

  test('the parser cannot be started, and what is missing is said', async () => {
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

/** What `pitcrew build` makes of a bundle. */
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

describeInDocker('a user of its own for a daemon', () => {
  test.each([
    ['--cap-drop', 'ALL'],
    ['--user', '12345'],
  ])('under %s %s it cannot be started, and the others can', async (...docker) => {
    const daemons = { a: long, b: { ...long, user: 'nobody', restart: 'never' } }
    await using container = new Container({ daemons }, { docker })
    await container.line('[a] up')
    await container.line('b: cannot start (run 1): cannot become its user: not permitted (EPERM)')
    await container.stop()
    expect(await container.exitCode()).toBe(126)
  })
})
