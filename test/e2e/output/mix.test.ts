/** The contract, Output: lines of two daemons never mix; none is lost, torn or reordered. FAULTS
 *  18. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Channel, type Kind } from '../support/channel.ts'
import { Pitcrew } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'
import { expectedLines, writesLinesCommand } from '../support/random-lines.ts'

/** Daemons that each write so many bytes as fast as they can. */
function crowd(daemons: number, bytes: number): object {
  const entries = seeds(daemons).map((seed) => [
    `d${seed}`,
    { command: writesLinesCommand(seed, bytes), restart: 'never' },
  ])
  return { daemons: Object.fromEntries(entries) }
}

function seeds(daemons: number): number[] {
  return Array.from({ length: daemons }, (_, index) => index + 1)
}

function expectAll(from: { readonly lines: string[] }, daemons: number, bytes: number): void {
  for (const seed of seeds(daemons)) {
    const wanted = expectedLines(seed, bytes)
    const printed = from.lines.filter((line) => line.startsWith(`[d${seed}] `))
    const wrong = printed.findIndex((line, index) => line !== `[d${seed}] ${wanted[index]}`)
    const expected = { seed, wrong: -1, lines: wanted.length }
    expect({ seed, wrong, lines: printed.length }).toEqual(expected)
  }
  const strange = from.lines.filter((line) => !/^(\[d\d+\] |pitcrew: )/.test(line))
  expect(strange).toEqual([])
}

test('16 daemons at full speed have no line lost, torn, reordered or wrongly prefixed', async () => {
  const bytes = 3_000_000
  await using pitcrew = new Channel('pipe', crowd(16, bytes))
  expect(await pitcrew.exitCode()).toBe(0)
  expectAll(pitcrew, 16, bytes)
})

const kinds: Kind[] = ['pipe', 'socket', 'raw']

test.each(kinds)('no line is lost with a %s as stdout', async (kind) => {
  await using pitcrew = new Channel(kind, crowd(4, 500_000))
  expect(await pitcrew.exitCode()).toBe(0)
  expectAll(pitcrew, 4, 500_000)
})

test.each(kinds)('no line is lost in a stall of a %s', async (kind) => {
  await using pitcrew = new Channel(`${kind},paused`, crowd(4, 500_000))
  await pitcrew.untilFull()
  pitcrew.send('resume')
  expect(await pitcrew.exitCode()).toBe(0)
  expectAll(pitcrew, 4, 500_000)
  expect(pitcrew.errors.filter((line) => line.includes('could not be printed'))).toEqual([])
})

test.each(['w', 'a'])('no line is lost in a file opened with mode "%s"', async (mode) => {
  const path = join(tmpdir(), `pitcrew-output-${process.pid}-${mode}`)
  const file = openSync(path, mode)
  await using pitcrew = new Pitcrew(crowd(4, 500_000), { stdout: file })
  closeSync(file)
  expect(await pitcrew.exitCode()).toBe(0)
  const lines = readFileSync(path, 'latin1').split('\n')
  expect(lines.pop()).toBe('')
  expectAll({ lines }, 4, 500_000)
})

test('with /dev/null as stdout everything ends normally', async () => {
  await using pitcrew = new Pitcrew(crowd(4, 500_000), { stdout: 'ignore' })
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.errors).toEqual([])
})

test('no line is lost with a FIFO, which cannot be written with RWF_NOWAIT', async () => {
  const bundle = crowd(2, 300_000)
  await using pitcrew = new Pitcrew(bundle, {
    wrap: [
      '/bin/sh',
      '-c',
      // The reader of the FIFO starts late.
      'mkfifo "$PITCREW_STATE_DIR/out"; (sleep 0.1; exec cat "$PITCREW_STATE_DIR/out") & exec "$@" > "$PITCREW_STATE_DIR/out"',
      'sh',
    ],
    asPid1: false,
  })
  await pitcrew.exitCode()
  expectAll(pitcrew, 2, 300_000)
  expect(outputOf(pitcrew, 'd1').length).toBeGreaterThan(0)
})
