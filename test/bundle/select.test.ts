/** DESIGN §4, Selection: "PITCREW_DAEMONS is a comma list; unset or blank = all; spaces trimmed;
 *  unknown names ignored; order and duplicates without effect." */
import { expect, test } from 'vitest'
import { selectDaemons } from '../../src/core/plan/order.ts'

const names = ['egress', 'pipelock', 'git-gate', 'supervise']

test.each([
  [null, names],
  ['', names],
  [' \t ', names],
  ['pipelock', ['pipelock']],
  [' pipelock , egress ', ['egress', 'pipelock']],
  ['supervise,egress,egress', ['egress', 'supervise']],
  ['egress,nobody', ['egress']],
  ['nobody', []],
  [',', []],
  ['EGRESS', []],
])('%j selects %j', (value, expected) => {
  expect(selectDaemons(names, value)).toEqual(expected)
})

test('any order and any repetition of a selection select the same', () => {
  const expected = selectDaemons(names, 'git-gate,egress')
  for (const value of ['egress,git-gate', 'egress, git-gate,egress', ',git-gate,,egress,x,']) {
    expect(selectDaemons(names, value)).toEqual(expected)
  }
})
