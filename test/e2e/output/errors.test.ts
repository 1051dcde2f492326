/** The contract, Output: a temporary ENOMEM or ENOBUFS does not mean that stdout is gone. FAULTS
 *  44. strace makes the calls fail. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { isSanitized, isSpinning } from '../support/cost.ts'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

const count = 20_000
const counted = sh(`echo up; seq ${count}; exec sleep 1000`)

const canFail = spawnSync('strace', ['-qq', '-o', '/dev/null', '--', 'true']).status === 0
if (!canFail && process.env.CI) throw new Error('cannot make a write fail without strace')
if (!canFail)
  console.warn('strace is not installed or may not trace: failing writes are not tested')

/** The command that runs pitcrew with calls that fail in this way. */
function failing(call: string, error: string, when: string): string[] {
  const inject = `inject=${call}:error=${error}:when=${when}`
  return ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, '--']
}

function started(bundle: object, via: string[]): Pitcrew {
  return new Pitcrew(bundle, { asPid1: false, via })
}

describe.skipIf(!canFail || isSanitized)('when a write to stdout fails', () => {
  test.each([
    ['once with ENOMEM', 'ENOMEM', '2'],
    ['once with ENOBUFS', 'ENOBUFS', '2'],
    ['once with EINTR', 'EINTR', '2'],
    ['four times with ENOMEM', 'ENOMEM', '2..5'],
    ['every third time with ENOBUFS', 'ENOBUFS', '3+3'],
  ])('%s, all lines are printed in order', async (_, error, when) => {
    // Its stdout is a socket here, as Node makes for a pipe.
    const via = failing('sendto,pwritev2', error, when)
    await using pitcrew = started({ daemons: { a: { command: counted } } }, via)
    await pitcrew.line(`[a] ${count}`)
    const numbers = Array.from({ length: count }, (_, index) => String(index + 1))
    expect(outputOf(pitcrew, 'a')).toEqual(['up', ...numbers])
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(pitcrew.errors).toEqual([])
    expect(pitcrew.exitReport().output).toEqual({ lostBytes: 0, lostLines: 0 })
  })

  test('always with ENOMEM, pitcrew does not spin, ends in time, and counts the lost bytes', async () => {
    const via = failing('sendto,pwritev2', 'ENOMEM', '3+')
    const bundle = { daemons: { a: { command: ['yes'] } } }
    await using pitcrew = started(bundle, via)
    await pitcrew.line('a: started')
    expect(await isSpinning(pitcrew)).toBe(false)
    const requestedAtMs = performance.now()
    pitcrew.signal('SIGTERM')
    expect(await pitcrew.exitCode()).toBe(0)
    expect(performance.now() - requestedAtMs).toBeLessThan(5000)
    const [, bytes] = /(\d+) bytes of output/.exec(pitcrew.errors.join('\n')) ?? []
    expect(Number(bytes)).toBeGreaterThan(100_000)
    expect(pitcrew.exitReport().output).toMatchObject({ lostBytes: Number(bytes) })
  })
})
