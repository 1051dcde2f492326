/** Helpers that KILL does not end because their disk hangs
 *  (test/fixtures/checks/checks-helpers.c), and the journal of the real binary on a disk that
 *  hangs. FAULTS 56: "signals, logs and other daemons do not notice". */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectControl } from '../support/control-client.ts'
import { compileFixture, Pitcrew, root, sh } from '../support/pitcrew.ts'
import { eventually } from '../support/processes.ts'

test('a hung helper is given up after its deadline, frees its slot, and blocks only its own path', () => {
  const program = compileFixture('checks-helpers', '-I', join(root, 'native'))
  expect(execFileSync(program, { encoding: 'utf8', timeout: 20_000 })).toMatchInlineSnapshot(`
    "14 probes: 0 reported, 12 alive, 0 hang
    before the deadline: 0 reported, 12 alive, 0 hang
    killed: 0 reported, 12 alive, 0 hang
    given up: 12 reported, 14 alive, 12 hang
    the same path: 1, another: 0
    limit of hung helpers: 48 reported, 48 alive, 48 hang
    a probe: 1, an append: 0
    the append was reported: 1, and is refused: 1
    reaped: 1, reported again: 0, one less: 1
    an append: 0
    "
  `)
})

/** strace stops a child of pitcrew at its first system call that needs the disk. */
const calls = '?mkdir,mkdirat'
const inject = `inject=${calls}:signal=SIGSTOP:when=1`
const strace = ['strace', '-f', '-qq', '-e', `trace=${calls}`, '-e', inject, '--']
const canStop = spawnSync('strace', ['-qq', '-o', '/dev/null', '--', 'true']).status === 0
if (!canStop) console.warn('strace is not installed or may not trace: hung disks are not tested')

function stopped({ errors }: Pitcrew): number {
  return errors.filter((line) => line.includes('--- stopped by SIGSTOP')).length
}

test.skipIf(!canStop)(
  'a hung disk costs journal entries at most: daemons, signals and clients are served',
  async () => {
    const long = { command: sh('echo up; exec sleep 1000') }
    const bundle = { daemons: { a: long, b: long }, signals: { USR1: { restart: ['a'] } } }
    await using pitcrew = new Pitcrew(bundle, { via: strace, asPid1: false })
    await pitcrew.line('[b] up')
    await eventually('the journal hangs', () => stopped(pitcrew) === 1)
    pitcrew.signal('SIGUSR1')
    await pitcrew.linesWith('[a] up', 2)
    using client = await connectControl(pitcrew)
    expect(await client.done('restart', { daemon: 'b' })).toMatchObject({ outcome: 'done' })
    const id = client.send('events')
    await client.answer(id)
    expect(client.items(id).length).toBeGreaterThanOrEqual(6)
    const message = 'cannot write the journal: timed out (ETIMEDOUT); entries are kept in memory'
    await pitcrew.line(message).catch(() => pitcrew.line(message))
    // The deadline of the bundle is 9 s, but a journal that hangs at the end gets only 2 s.
    const atMs = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - atMs).toBeLessThan(6000)
  },
  60_000,
)
