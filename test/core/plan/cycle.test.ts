/** Cycles of dependencies are found from every daemon. */
import { expect, test } from 'vitest'
import { findCycle } from '../../../src/core/plan/check-references.ts'

type Daemons = Readonly<Record<string, readonly string[]>>

function cycleOf(daemons: Daemons): string[] | null {
  const nodes = Object.entries(daemons).map(([name, after]) => ({
    name,
    after: after.map((daemon) => ({ daemon })),
  }))
  return findCycle(nodes)
}

test.each<[what: string, daemons: Daemons, cycle: string[] | null]>([
  ['none', { a: ['b', 'c'], b: ['c'], c: [] }, null],
  ['of one', { a: ['a'] }, ['a', 'a']],
  ['of two', { a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
  ['behind a second edge', { a: ['b', 'c'], b: [], c: ['a'] }, ['a', 'c', 'a']],
  ['behind a way into it', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b', 'c', 'd', 'b']],
  [
    'not through a daemon without dependents',
    { a: [], b: ['a'], c: ['d'], d: ['c'] },
    ['c', 'd', 'c'],
  ],
  ['not of unknown names', { a: ['x', 'y'], y: [] }, null],
])('%s', (_, daemons, cycle) => {
  expect(cycleOf(daemons)).toEqual(cycle)
})

test('a ladder of 60 steps with two paths each takes no exponential time', () => {
  const rungs = Array.from({ length: 60 }, (_, n) => {
    const after = n === 59 ? [] : [`left${n + 1}`, `right${n + 1}`]
    return { [`left${n}`]: after, [`right${n}`]: after }
  })
  expect(cycleOf(Object.assign({}, ...rungs))).toBeNull()
})
