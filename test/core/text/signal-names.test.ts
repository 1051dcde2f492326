/** The core's table of signals agrees with the machine's. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { signalName, signalNumbers } from '../../../src/core/signals.ts'

test('names have the numbers of Linux', () => {
  const { SIGIOT, SIGPOLL, SIGUNUSED, ...known } = constants.signals as Record<string, number>
  const table = Object.fromEntries(
    Object.entries(signalNumbers).map(([name, number]) => [`SIG${name}`, number]),
  )
  expect(table).toEqual(known)
  expect([SIGIOT, SIGPOLL]).toEqual([table.SIGABRT, table.SIGIO]) // Other names of the same.
  expect(SIGUNUSED ?? table.SIGSYS).toBe(table.SIGSYS)
})

test('a number without a name is given as RTMIN+n or as a number', () => {
  const numbers = [15, 31, 32, 33, 34, 37, 64, 65, 0]
  expect(numbers.map(signalName)).toEqual([
    'TERM',
    'SYS',
    '32',
    '33',
    'RTMIN+0',
    'RTMIN+3',
    'RTMIN+30',
    '65',
    '0',
  ])
})
