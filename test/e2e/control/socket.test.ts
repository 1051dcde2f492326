/** DESIGN §5, Places; the singleton; FAULTS 26: "Stale locks: pid 1 is always alive, a pid used
 *  again". */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ControlClient, connectControl, socketPath } from '../support/control-client.ts'
import { binary, canUnshare, Pitcrew, sh } from '../support/pitcrew.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const bundle = { daemons: { a: long } }

/** Another pitcrew, with the folders of the first. */
function second(first: Pitcrew, of: object = bundle): Pitcrew {
  return new Pitcrew(of, {
    env: { PITCREW_RUN_DIR: first.folder, PITCREW_STATE_DIR: first.folder },
  })
}

test('a second pitcrew of the same bundle exits with 5, and names the first one', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  await using other = second(first)
  expect(await other.exitCode()).toBe(5)
  expect(other.lines).toEqual([])
  expect(other.errors[0]).toMatch(
    /^pitcrew: cannot run the bundle: another pitcrew runs it \(pid \d+, started 20\d\d-.*Z, bundle .*bundle.json; .*pitcrew.lock\)/,
  )
  // The first one is not affected.
  using client = await connectControl(first)
  expect(await client.done('status')).toMatchObject({ daemons: [{ run: 1 }] })
})

test('a bundle with another name runs beside it', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  await using other = second(first, { name: 'other', ...bundle })
  await other.line('[a] up')
})

test('after KILL the next pitcrew takes over the lock and the socket', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  process.kill(first.pid, 'SIGKILL')
  await first.end()
  expect(existsSync(socketPath(first))).toBe(true)
  await using other = second(first)
  await other.line('[a] up')
  using client = await connectControl(first)
  expect(await client.done('status')).toMatchObject({ daemons: [{ run: 1 }] })
})

test('a stale lock file with the pid of a living process is ignored', async () => {
  await using probe = new Pitcrew(bundle)
  await probe.line('[a] up')
  probe.signal('SIGTERM')
  await probe.exitCode()
  writeFileSync(join(probe.folder, 'pitcrew.lock'), 'pid 1, started long ago\n')
  await using other = second(probe)
  await other.line('[a] up')
})

test('the socket is for its own user, and is removed at the end', async () => {
  await using pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  expect(statSync(socketPath(pitcrew)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(pitcrew.folder, 'pitcrew.lock'), 'utf8')).toMatch(/^pid \d+, started /)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  expect(existsSync(socketPath(pitcrew))).toBe(false)
})

test('without a writable folder there is one message, and the daemons run', async () => {
  await using pitcrew = new Pitcrew(bundle, { env: { PITCREW_RUN_DIR: '/proc/nowhere' } })
  await pitcrew.line('[a] up')
  expect(pitcrew.lines.filter((line) => line.includes('control socket'))).toEqual([
    expect.stringMatching(/^pitcrew: no control socket: cannot write to \/proc\/nowhere: /),
  ])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test.skipIf(!canUnshare)('with a read-only /run the socket is in /dev/shm', async () => {
  const script =
    'mount -t tmpfs -o ro none /run; mount -t tmpfs none /dev/shm; unset PITCREW_RUN_DIR; exec "$@"'
  const ls = sh('while ! [ -S /dev/shm/pitcrew-0/pitcrew.sock ]; do sleep 0.01; done; echo there')
  await using pitcrew = new Pitcrew(
    { daemons: { a: { command: ls } } },
    { wrap: ['unshare', '-m', '/bin/sh', '-c', script, 'sh'] },
  )
  await pitcrew.line('[a] there')
})

test('an inherited descriptor is the connection of an operator', async () => {
  await using pitcrew = new Pitcrew(bundle)
  const path = join(pitcrew.folder, 'bundle.json')
  const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const
  const env = {
    PATH: process.env.PATH,
    PITCREW_RUN_DIR: '/proc/nowhere',
    PITCREW_STATE_DIR: pitcrew.folder,
  }
  const child: ChildProcess = spawn(binary, ['run', '--control-fd', '3', path], {
    stdio: [...stdio],
    env,
  })
  using client = new ControlClient(child.stdio[3] as Socket)
  await client.until('a greeting', () => client.greeting ?? undefined)
  expect(client.greeting).toMatchObject({ access: 'operate', daemon: null })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  expect(await client.done('shutdown')).toMatchObject({ exitCode: 0 })
  expect(await ended).toBe(0)
})

test('a descriptor that is no connection is a usage error', async () => {
  const wrap = ['/bin/sh', '-c', 'exec "$@" --control-fd 7', 'sh']
  await using pitcrew = new Pitcrew(bundle, { wrap })
  expect(await pitcrew.exitCode()).toBe(2)
  expect(pitcrew.errors[0]).toContain('cannot use --control-fd 7: ')
})
