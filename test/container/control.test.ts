/** The control plane in containers: `docker exec` without configuration, and the host through a
 *  mounted socket. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { binary, fixtures, sh } from '../e2e/support/pitcrew.ts'
import { pidOf } from '../e2e/support/processes.ts'
import { Container, type ContainerOptions, describeInDocker } from './container.ts'

const bundle = {
  daemons: {
    db: { command: sh('echo up; exec sleep 1000') },
    web: { command: sh('echo up; exec sleep 1000'), after: ['db'] },
  },
}

const environments: readonly [string, ContainerOptions][] = [
  ['with the defaults of docker', {}],
  ['on a read-only root', { docker: ['--read-only'] }],
  [
    'on a read-only root, without shared memory',
    {
      docker: ['--read-only', '--ipc', 'none', '--tmpfs', '/run'],
    },
  ],
  ['as an unknown user', { docker: ['--user', '12345'] }],
  [
    'as an unknown user, on a read-only root',
    {
      docker: ['--user', '12345:12345', '--read-only'],
    },
  ],
  ['without any capability', { docker: ['--cap-drop', 'ALL'] }],
  ['under --init, not PID 1', { docker: ['--init'] }],
  ['in the PID namespace of the machine', { docker: ['--pid', 'host'] }],
  [
    'under a seccomp profile that refuses newer system calls',
    {
      docker: [
        '--security-opt',
        `seccomp=${join(fixtures, 'scripts/seccomp-denies-new-syscalls.json')}`,
      ],
    },
  ],
]

describeInDocker('docker exec', () => {
  test('can use all verbs in an image that contains only pitcrew', async () => {
    const daemons = {
      reporter: { command: ['/bin/reports-group-signals'], stop: { signal: 'QUIT' } },
    }
    await using container = new Container({ daemons }, { image: 'bare' })
    await container.line('[reporter] 1 ready')
    const status = await container.exec(['/pitcrew', 'status'])
    expect(status).toMatchObject({ code: 0, err: '' })
    expect(status.out).toMatch(/^pitcrew: 1 daemon, 1 ready, up .*\(pid 1\)\n/)
    expect(status.out).toMatch(/\nreporter +ready /)
    const restarted = await container.exec(['/pitcrew', 'restart', 'reporter'])
    expect(restarted.out).toMatch(/^reporter: restarted in \S+ m?s, pid \d+ -> \d+ \(ticket 1\)\n$/)
    const explained = await container.exec(['/pitcrew', 'explain', 'reporter'])
    expect(explained.out).toMatch(
      /^reporter: ready\n {2}reporter has been running for .* \(pid \d+, run 2\)\n$/,
    )
    const logs = await container.exec(['/pitcrew', 'logs', 'reporter'])
    expect(logs.out).toContain('[reporter] 1 ready\n')
    const end = await container.exec(['/pitcrew', 'shutdown'])
    expect(end.code).toBe(0)
    expect(await container.exitCode()).toBe(42)
  })

  test.concurrent.each(environments)('finds pitcrew %s', async (_, options) => {
    await using container = new Container(bundle, options)
    await container.linesWith('] up', 2)
    const old = await pidOf(container, 'web')
    const restarted = await container.exec(['/pitcrew', 'restart', 'web', '--json'])
    expect(restarted).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(restarted.out)).toMatchObject({ outcome: 'done', old: { pid: old } })
    const status = JSON.parse((await container.exec(['/pitcrew', 'status', '--json'])).out)
    expect(status.daemons).toMatchObject([
      { name: 'db', run: 1, state: 'ready' },
      { name: 'web', run: 2, state: 'ready' },
    ])
    await container.stop()
    expect(await container.exitCode()).toBe(0)
  })

  test('fails where no folder for a socket is writable; pitcrew logs that and runs', async () => {
    const docker = ['--read-only', '--user', '12345:12345', '--ipc', 'none']
    await using container = new Container(bundle, { docker })
    await container.line(/^pitcrew: no control socket: /)
    await container.linesWith('] up', 2)
    const status = await container.exec(['/pitcrew', 'status'])
    expect(status).toMatchObject({ code: 7, out: '' })
    expect(status.err).toMatch(/^pitcrew: no pitcrew answers: /)
    await container.stop()
    expect(await container.exitCode()).toBe(0)
  })

  test('is not permitted for another user', async () => {
    await using container = new Container(bundle)
    await container.linesWith('] up', 2)
    const status = await container.exec(['/pitcrew', 'status'], ['--user', '999'])
    expect(status).toMatchObject({ code: 6, out: '' })
    expect(status.err).toMatch(/^pitcrew: cannot access \/run\/pitcrew: permission denied /)
  })

  test('a second `run` in the same container refuses and names the first', async () => {
    await using container = new Container(bundle)
    await container.linesWith('] up', 2)
    const second = await container.exec(['/pitcrew', 'run'])
    expect(second.code).toBe(5)
    expect(second.err).toMatch(/another pitcrew runs it \(pid 1, started /)
  })

  test('finds the socket, the lock and the journal again after a KILL and a restart of the container', async () => {
    const docker = ['--volume', '/var/lib/pitcrew', '--volume', '/run/pitcrew']
    await using container = new Container(bundle, { docker })
    await container.linesWith('] up', 2)
    await container.exec(['/pitcrew', 'restart', 'web', '--why', 'the first life'])
    // The journal is written asynchronously.
    const journal = ['cat', '/var/lib/pitcrew/pitcrew/journal.ndjson']
    while (!(await container.exec(journal)).out.includes('the first life'));
    await container.signal('SIGKILL')
    await container.end()
    execFileSync('docker', ['start', container.name])
    const ready = await container.exec(['/pitcrew', 'wait', 'web', '--timeout', '20s'])
    expect(ready).toMatchObject({ code: 0 })
    const events = await container.exec(['/pitcrew', 'events'])
    expect(events.out).toContain('the first life')
  })
})

describeInDocker('the mounted socket', () => {
  test('of two containers requires different names, and `--socket` selects one on the host', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-run-'))
    const docker = ['--volume', `${folder}:/run/pitcrew`]
    try {
      await using first = new Container({ name: 'first', ...bundle }, { docker })
      await first.linesWith('] up', 2)
      await using twin = new Container({ name: 'first', ...bundle }, { docker })
      expect(await twin.exitCode()).toBe(5)
      await using second = new Container({ name: 'second', ...bundle }, { docker })
      await second.linesWith('] up', 2)
      const env = { ...process.env, PITCREW_RUN_DIR: folder }
      const run = (...words: string[]) => spawnSync(binary, words, { env, encoding: 'utf8' })
      const all = run('status')
      expect(all).toMatchObject({ status: 2, stdout: '' })
      expect(all.stderr).toMatch(/several pitcrews answer: .*first\.sock, .*second\.sock; /)
      const one = run('status', '--socket', join(folder, 'second.sock'))
      expect(one.stdout).toMatch(/^second: 2 daemons, 2 ready, /)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('permits all verbs to root on the host', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-run-'))
    chmodSync(folder, 0o777)
    try {
      await using container = new Container(bundle, {
        docker: ['--volume', `${folder}:/run/pitcrew`],
      })
      await container.linesWith('] up', 2)
      const env = { ...process.env, PITCREW_RUN_DIR: folder }
      const words = ['restart', 'web', '--why', 'from outside', '--json']
      const { status, stdout, stderr } = spawnSync(binary, words, { env, encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done', why: 'from outside' })
      await container.line(/^pitcrew: web: restart \(uid 0: from outside\): done/)
      await container.stop()
      expect(await container.exitCode()).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
