/** The control plane in containers: `docker exec` without any configuration, and the host through
 *  the mounted socket. */
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

const places: readonly [string, ContainerOptions][] = [
  ['as docker has it', {}],
  ['on a read-only root', { docker: ['--read-only'] }],
  [
    'on a read-only root, without shared memory',
    {
      docker: ['--read-only', '--ipc', 'none', '--tmpfs', '/run'],
    },
  ],
  ['as a user that nobody knows', { docker: ['--user', '12345'] }],
  [
    'as a user that nobody knows, on a read-only root',
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
  test('tells and does everything in an image that has nothing else', async () => {
    const daemons = { hears: { command: ['/bin/reports-group-signals'], stop: { signal: 'QUIT' } } }
    await using container = new Container({ daemons }, { image: 'bare' })
    await container.line('[hears] 1 ready')
    const status = await container.exec(['/pitcrew', 'status'])
    expect(status).toMatchObject({ code: 0, err: '' })
    expect(status.out).toMatch(/^pitcrew: 1 daemon, 1 ready, up .*\(pid 1\)\n/)
    expect(status.out).toMatch(/\nhears +ready /)
    const restarted = await container.exec(['/pitcrew', 'restart', 'hears'])
    expect(restarted.out).toMatch(/^hears: restarted in \S+ m?s, pid \d+ -> \d+ \(ticket 1\)\n$/)
    const explained = await container.exec(['/pitcrew', 'explain', 'hears'])
    expect(explained.out).toMatch(
      /^hears: ready\n {2}hears has been running for .* \(pid \d+, run 2\)\n$/,
    )
    const logs = await container.exec(['/pitcrew', 'logs', 'hears'])
    expect(logs.out).toContain('[hears] 1 ready\n')
    const end = await container.exec(['/pitcrew', 'shutdown'])
    expect(end.code).toBe(0)
    expect(await container.exitCode()).toBe(42)
  })

  test.concurrent.each(places)('finds it by itself: %s', async (_, options) => {
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

  test('says that there is no place for a socket, and runs all the same', async () => {
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

  test('another user of the container may not', async () => {
    await using container = new Container(bundle)
    await container.linesWith('] up', 2)
    const status = await container.exec(['/pitcrew', 'status'], ['--user', '999'])
    expect(status).toMatchObject({ code: 6, out: '' })
    expect(status.err).toMatch(/^pitcrew: cannot look into \/run\/pitcrew: permission denied /)
  })

  test('a second `run` in the same container refuses and names the first', async () => {
    await using container = new Container(bundle)
    await container.linesWith('] up', 2)
    const second = await container.exec(['/pitcrew', 'run'])
    expect(second.code).toBe(5)
    expect(second.err).toMatch(/another pitcrew runs it \(pid 1, started /)
  })

  test('after a KILL the next one takes the socket, the lock and the journal over', async () => {
    const docker = ['--volume', '/var/lib/pitcrew', '--volume', '/run/pitcrew']
    await using container = new Container(bundle, { docker })
    await container.linesWith('] up', 2)
    await container.exec(['/pitcrew', 'restart', 'web', '--why', 'the first life'])
    // It is written a moment later.
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
  test('of two containers: each has its own name, and the host says which it means', async () => {
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
      const ask = (...words: string[]) => spawnSync(binary, words, { env, encoding: 'utf8' })
      const all = ask('status')
      expect(all).toMatchObject({ status: 2, stdout: '' })
      expect(all.stderr).toMatch(/several pitcrews answer: .*first\.sock, .*second\.sock; /)
      const one = ask('status', '--socket', join(folder, 'second.sock'))
      expect(one.stdout).toMatch(/^second: 2 daemons, 2 ready, /)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('lets root of the host look and change things', async () => {
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
