/** DESIGN §5, Places; the singleton; FAULTS 26: "Stale locks: pid 1 is always alive, a pid used again". */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ControlClient, connectControl, socketPath } from '../support/control-client.ts'
import { binary, canUnshare, Pitcrew, sh } from '../support/pitcrew.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const bundle = { daemons: { a: long } }

/** Another one, with the places of the first. */
function second(first: Pitcrew, of: object = bundle): Pitcrew {
  return new Pitcrew(of, {
    env: { PITCREW_RUN_DIR: first.folder, PITCREW_STATE_DIR: first.folder },
  })
}

test('a second pitcrew of the same bundle is refused with 5, and told who has it', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  await using other = second(first)
  expect(await other.exitCode()).toBe(5)
  expect(other.lines).toEqual([])
  expect(other.errors[0]).toMatch(
    /^pitcrew: cannot run the bundle: another pitcrew runs it \(pid \d+, started 20\d\d-.*Z, bundle .*bundle.json; .*pitcrew.lock\)/,
  )
  // And the first one notices nothing.
  using client = await connectControl(first)
  expect(await client.done('status')).toMatchObject({ daemons: [{ run: 1 }] })
})

test('one of another name is another one', async () => {
  await using first = new Pitcrew(bundle)
  await first.line('[a] up')
  await using other = second(first, { name: 'other', ...bundle })
  await other.line('[a] up')
})

test('after KILL its lock and its socket are nobody’s: the next one takes their place', async () => {
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

test('a lock that was left with the pid of somebody who lives is nobody’s', async () => {
  await using probe = new Pitcrew(bundle)
  await probe.line('[a] up')
  probe.signal('SIGTERM')
  await probe.exitCode()
  writeFileSync(join(probe.folder, 'pitcrew.lock'), 'pid 1, started long ago\n')
  await using other = second(probe)
  await other.line('[a] up')
})

test('the socket is for nobody else, and is gone at the end', async () => {
  await using pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  expect(statSync(socketPath(pitcrew)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(pitcrew.folder, 'pitcrew.lock'), 'utf8')).toMatch(/^pid \d+, started /)
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  expect(existsSync(socketPath(pitcrew))).toBe(false)
})

test('where nothing can be written it is said once, and the daemons run', async () => {
  await using pitcrew = new Pitcrew(bundle, { env: { PITCREW_RUN_DIR: '/proc/nowhere' } })
  await pitcrew.line('[a] up')
  expect(pitcrew.lines.filter((line) => line.includes('control socket'))).toEqual([
    expect.stringMatching(/^pitcrew: no control socket: cannot write to \/proc\/nowhere: /),
  ])
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test.skipIf(!canUnshare)('on a read-only /run it is in /dev/shm', async () => {
  const script =
    'mount -t tmpfs -o ro none /run; mount -t tmpfs none /dev/shm; unset PITCREW_RUN_DIR; exec "$@"'
  const ls = sh('while ! [ -S /dev/shm/pitcrew-0/pitcrew.sock ]; do sleep 0.01; done; echo there')
  await using pitcrew = new Pitcrew(
    { daemons: { a: { command: ls } } },
    { wrap: ['unshare', '-m', '/bin/sh', '-c', script, 'sh'] },
  )
  await pitcrew.line('[a] there')
})

test('a descriptor that it inherits is an operator’s connection', async () => {
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

test('a descriptor that is no connection is the fault of who gave it', async () => {
  const wrap = ['/bin/sh', '-c', 'exec "$@" --control-fd 7', 'sh']
  await using pitcrew = new Pitcrew(bundle, { wrap })
  expect(await pitcrew.exitCode()).toBe(2)
  expect(pitcrew.errors[0]).toContain('cannot use --control-fd 7: ')
})
