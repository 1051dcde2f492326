/** The benchmark counts only correct results: each of its checks catches the error that it is
 *  for. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bench, type Contender, type Report } from './bench.ts'

const { checkInOrder, checkNoneLeft, checkReports, checkRestart, checkStorm } =
  await bench('checks.mjs')
const { compileAll } = await bench('compile.mjs')
const { removeScratch } = await bench('scratch.mjs')
const { bundleOf, withSupervisor } = await bench('supervisor.mjs')

describe('a boot', () => {
  const daemons = [{ name: 'd0' }, { name: 'd1' }]

  test('is correct when each daemon reports once that it is up', () => {
    expect(() =>
      checkReports(daemons, [
        ['d1', 12],
        ['d0', 11],
      ]),
    ).not.toThrow()
  })

  test.each<[string, Report[]]>([
    ['d1 did not report', [['d0', 11]]],
    [
      'reported twice',
      [
        ['d0', 11],
        ['d1', 12],
        ['d1', 13],
      ],
    ],
    [
      'one pid',
      [
        ['d0', 11],
        ['d1', 11],
      ],
    ],
  ])('is wrong: %s', (message, reports) => {
    expect(() => checkReports(daemons, reports)).toThrow(message)
  })
})

describe('a restart of d1', () => {
  const before = new Map([
    ['d0', 11],
    ['d1', 12],
  ])
  const check = (reports: Report[], alive: number[]) => () =>
    checkRestart('d1', before, reports, (pid) => alive.includes(pid))

  test('is correct when only d1 has another pid', () => {
    expect(check([['d1', 13]], [11, 13])).not.toThrow()
  })

  test.each<[string, Report[], number[]]>([
    ['d0 was restarted instead of d1', [['d0', 13]], [12, 13]],
    ['the same pid 12', [['d1', 12]], [11, 12]],
    [
      '2 daemons started',
      [
        ['d1', 13],
        ['d0', 14],
      ],
      [13, 14],
    ],
    ['pid 13, is not alive', [['d1', 13]], [11]],
    ['old d1, pid 12, is still alive', [['d1', 13]], [11, 12, 13]],
    ['d0 died', [['d1', 13]], [13]],
  ])('is wrong: %s', (message, reports, alive) => {
    expect(check(reports, alive)).toThrow(message)
  })
})

describe('a storm around d0', () => {
  const dying = [{ name: 'd1' }, { name: 'd2' }]
  const first: Report[] = [
    ['d0', 10],
    ['d1', 11],
    ['d2', 12],
  ]
  const check = (later: Report[], alive: number[]) => () =>
    checkStorm('d0', dying, [...first, ...later], (pid) => alive.includes(pid))

  test('is correct when each of the others was restarted', () => {
    const again: Report[] = [
      ['d2', 13],
      ['d1', 14],
    ]
    expect(check(again, [10])).not.toThrow()
  })

  test.each<[string, Report[], number[]]>([
    ['d2 was not restarted', [['d1', 13]], [10]],
    ['d0 is not alive', [['d1', 13]], []],
    ['d0 was restarted', [['d0', 13]], [10, 13]],
  ])('is wrong: %s', (message, later, alive) => {
    expect(check(later, alive)).toThrow(message)
  })
})

test('a chain is wrong when a daemon does not wait', () => {
  const daemons = [{ name: 'd0' }, { name: 'd1' }, { name: 'd2' }]
  expect(() => checkInOrder(daemons, ['d0', 'd1', 'd2'])).not.toThrow()
  expect(() => checkInOrder(daemons, ['d0', 'd2', 'd1'])).toThrow('d2 was up before d1')
})

test('a stop is wrong when a daemon is still alive', () => {
  const pids = new Map([
    ['d0', 11],
    ['d1', 12],
  ])
  expect(() => checkNoneLeft(pids, () => false)).not.toThrow()
  expect(() => checkNoneLeft(pids, (pid) => pid === 12)).toThrow('d1, pid 12, is alive')
})

/** The expected lines of two writers, of 40 bytes each without their prefix. */
const lineBytes = 40
function line(name: string, number: number): string {
  const head = `${name} ${String(number).padStart(8, '0')} `
  const letters = Array.from({ length: lineBytes - head.length - 1 }, (_, index) =>
    String.fromCharCode(97 + ((number + index) % 26)),
  )
  return `[${name}] ${head}${letters.join('')}\n`
}
const correct = [line('d0', 0), line('d1', 0), line('d0', 1), line('d1', 1)]

/** A supervisor that starts no daemons: it reports that two are up, and prints this text. */
function printing(text: string): Contender {
  return {
    name: 'planted',
    prepare(folder) {
      writeFileSync(join(folder, 'lines'), text)
      const script = join(folder, 'planted')
      const report = 'printf "d0 1\\nd1 2\\n" > reports'
      writeFileSync(script, `#!/bin/sh\n${report}\ncat lines\nread never < go\n`)
      chmodSync(script, 0o755)
      const prefixOf = (name: string): string => `[${name}] `
      return { command: [script], stop: { signal: 'SIGKILL' }, prefixOf, own: 'planted: ' }
    },
  }
}

function written(lines: readonly string[]): Promise<number> {
  const options = { isRead: true, lineBytes, lines: 2 }
  return withSupervisor(printing(lines.join('')), bundleOf('writer', 2), options, async (run) => {
    await run.boot()
    return run.write(4)
  })
}

describe('lines', () => {
  beforeAll(compileAll)
  afterAll(removeScratch)

  test('are correct when all are complete, each with its own prefix', async () => {
    const own = 'planted: a line of the supervisor itself\n'
    expect(await written([own, ...correct])).toBeGreaterThan(0)
  })

  const [first, second, third, fourth] = correct as [string, string, string, string]
  test.each<[string, string[], RegExp]>([
    ['is lost', [first, second, fourth, line('d0', 2)], /a wrong number in line 4/],
    ['is printed twice', [first, first, second, third], /a wrong number in line 2/],
    ['is torn', [first, second.slice(0, 20), third, second.slice(20)], /a wrong length in line 2/],
    [
      'is truncated',
      [first, `${second.slice(0, -2)}\n`, third, fourth],
      /a wrong length in line 2/,
    ],
    ['is changed', [first, second.replace('abc', 'axc'), third, fourth], /a wrong text in line 2/],
    [
      'has another prefix',
      [first, second.replace('[d1]', '[d0]'), third],
      /from no daemon in line 2/,
    ],
    ['has no prefix', [first.slice(5), second, third, fourth], /from no daemon in line 1/],
    ['is from no daemon', ['an unknown line\n', ...correct], /from no daemon in line 1/],
  ])('are wrong when one %s', async (_, lines, message) => {
    await expect(written(lines)).rejects.toThrow(message)
  })
})
