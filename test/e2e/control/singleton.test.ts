/** FAULTS 26: "Stale locks: pid 1 is always alive, a pid used again, another host's file on a
 *  shared volume, an inherited lock fd", for the whole program; and FAULTS 25, "EROFS on
 *  journal": reported, and never a lost daemon. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectControl, socketPath, tryConnect } from '../support/control-client.ts'
import { canUnshare, type Options, Pitcrew, sh } from '../support/pitcrew.ts'
import { eventually, isAlive } from '../support/processes.ts'

const bundle = { daemons: { a: { command: sh('echo up; exec sleep 1000') } } }
const waits = { command: sh('exec sleep 1000') }

/** In the folder of another pitcrew. */
function inFolderOf({ folder }: Pitcrew, more: Options = {}): Options {
  return { ...more, env: { PITCREW_RUN_DIR: folder, PITCREW_STATE_DIR: folder } }
}

/** A folder that a pitcrew has used. */
async function used(): Promise<Pitcrew> {
  const pitcrew = new Pitcrew(bundle)
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGTERM')
  await pitcrew.exitCode()
  return pitcrew
}

describe('a lock without a holder is taken, whatever its file contains', () => {
  test.each([
    ['pid 1, which is always alive', 'pid 1, started 2020-01-01T00:00:00.000Z, bundle b.yaml\n'],
    [
      'a pid that was used again',
      `pid ${process.pid}, started 2020-01-01T00:00:00.000Z, bundle b\n`,
    ],
    ['a pid that another host gave', 'pid 4194304, started 2020-01-01T00:00:00.000Z, bundle b\n'],
    ['nothing', ''],
    ['what is no text', '\0\xff\xfe'.repeat(1000)],
  ])('%s', async (_, text) => {
    await using before = await used()
    const lock = join(before.folder, 'pitcrew.lock')
    writeFileSync(lock, text, 'latin1')
    await using pitcrew = new Pitcrew(bundle, inFolderOf(before))
    await pitcrew.line('[a] up')
    expect(readFileSync(lock, 'latin1')).toMatch(/^pid \d+, started 20[^\n]*, bundle [^\n]*\n/)
    using client = await connectControl(before)
    expect(await client.done('status')).toMatchObject({ daemons: [{ state: 'ready' }] })
  })
})

test('a socket at which another program listens is left alone: status 5', async () => {
  await using before = await used()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(socketPath(before), resolve))
  await using pitcrew = new Pitcrew(bundle, inFolderOf(before))
  expect(await pitcrew.exitCode()).toBe(5)
  expect(pitcrew.errors[0]).toMatch(/listens on .*pitcrew\.sock/)
  using client = await tryConnect(socketPath(before))
  expect(client).not.toBe(null)
  other.close()
})

test('a process that outlives a killed pitcrew keeps neither its lock nor its socket', async () => {
  const leaves = sh('setsid sh -c "echo left \\$\\$; exec sleep 1000" & exec sleep 1000')
  await using first = new Pitcrew({ daemons: { a: { command: leaves } } }, { asPid1: false })
  const pid = Number((await first.line('left')).split(' ').at(-1))
  expect(filesOf(pid).filter((path) => path.includes(first.folder))).toEqual([])
  first.signal('SIGKILL')
  await eventually('it has ended', () => !isAlive(first.pid))
  expect(isAlive(pid)).toBe(true)
  await using second = new Pitcrew(bundle, inFolderOf(first))
  await second.line('[a] up')
  using client = await connectControl(first)
  expect(await client.done('status')).toMatchObject({ daemons: [{ state: 'ready' }] })
  process.kill(pid, 'SIGKILL')
  await first.end()
})

/** The open files of a process. */
function filesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))]
    } catch {
      return [] // It was closed meanwhile.
    }
  })
}

describe.each([
  ['each as PID 1 of a namespace', canUnshare],
  ['beside each other', false],
])('six at the same instant, %s', (_, asPid1) => {
  test('exactly one runs; the others name its pid, and start no daemon', async () => {
    await using folder = await used()
    const all = Array.from({ length: 6 }, () => new Pitcrew(bundle, inFolderOf(folder, { asPid1 })))
    try {
      await exactlyOneRuns(all)
      using client = await connectControl(folder)
      expect(await client.done('status')).toMatchObject({ daemons: [{ run: 1 }] })
    } finally {
      for (const one of all) await one[Symbol.asyncDispose]()
    }
  })
})

async function exactlyOneRuns(all: readonly Pitcrew[]): Promise<void> {
  const runs = (one: Pitcrew): boolean => one.lines.some((line) => line === '[a] up')
  const hasEnded = (one: Pitcrew): boolean => one.process.exitCode !== null
  await eventually('each has run or ended', () => all.every((one) => runs(one) || hasEnded(one)))
  const losers = all.filter((one) => !runs(one))
  expect(losers).toHaveLength(all.length - 1)
  for (const one of losers) {
    expect(await one.exitCode()).toBe(5)
    expect(one.lines).toEqual([])
    expect(one.errors).toEqual([
      expect.stringMatching(/^pitcrew: .*another pitcrew runs it \(pid /),
    ])
  }
}

test('the next pitcrew may run when the last one has ended, and not before', async () => {
  await using first = new Pitcrew({
    daemons: { a: waits, b: { command: sh('trap "" TERM; echo up; while :; do sleep 1; done') } },
    deadline: '300ms',
  })
  await first.line('[b] up')
  first.signal('SIGTERM')
  await first.line('stopping 2 daemons')
  await using early = new Pitcrew(bundle, inFolderOf(first))
  expect(await early.exitCode()).toBe(5)
  await first.exitCode()
  expect(existsSync(socketPath(first))).toBe(false)
  expect(await tryConnect(socketPath(first))).toBe(null)
  await using next = new Pitcrew(bundle, inFolderOf(first))
  await next.line('[a] up')
})

test.skipIf(!canUnshare)(
  'a journal on a read-only disk is reported once, and affects no daemon',
  async () => {
    const readOnly = `mkdir "$PITCREW_STATE_DIR/ro" && mount -t tmpfs -o ro none "$PITCREW_STATE_DIR/ro"
    export PITCREW_STATE_DIR="$PITCREW_STATE_DIR/ro"; exec "$@"`
    const wrap = ['unshare', '-m', '/bin/sh', '-c', readOnly, 'sh']
    await using pitcrew = new Pitcrew(bundle, { wrap })
    await pitcrew.line('cannot write the journal: read-only file system (EROFS)')
    using client = await connectControl(pitcrew)
    for (let n = 0; n < 3; n++) await client.done('restart', { daemon: 'a' })
    const id = client.send('events')
    await client.answer(id)
    expect(client.items(id).filter(({ type }) => type === 'ticket')).toHaveLength(3)
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(pitcrew.lines.filter((line) => line.includes('cannot write the journal'))).toHaveLength(
      1,
    )
  },
)
