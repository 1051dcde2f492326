/** Targets of probes. Addresses are compared with the parser of Node. */
import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import { byteLength, isAddress, isHttpPath } from '../../../src/core/plan/address.ts'
import { Random } from '../random.ts'

// biome-ignore format: a table.
test.each([
  '127.0.0.1', '0.0.0.0', '255.255.255.255', '::', '::1', '1::', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8',
  'fe80::1', 'ABCD::ef01', '::ffff:1.2.3.4', '1:2:3:4:5:6:1.2.3.4', '1::1.2.3.4',
])('an address: %s', (text) => {
  expect([isAddress(text), isIP(text) > 0]).toEqual([true, true])
})

// biome-ignore format: a table.
test.each([
  '', '.', ':', ':::', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', ' ::1', '1.2.3.-4', '1.2.3.1e1', 'localhost',
  '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', ':1::2', '1::2:', '::1.2.3', '1.2.3.4::', '[::1]',
  '1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6:7:8::', '١.2.3.4',
])('no address: %j', (text) => {
  expect([isAddress(text), isIP(text) > 0]).toEqual([false, false])
})

test('random texts are judged as Node judges them', () => {
  const random = new Random(7)
  const pieces = ['1', '0', '255', '256', 'ab', ':', '::', '.', 'g', '', '1.2.3.4', '1:2:3', '00']
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random.below(12) }, () => pieces[random.below(pieces.length)])
    expect([text.join(''), isAddress(text.join(''))]).toEqual([
      text.join(''),
      isIP(text.join('')) > 0,
    ])
  }
})

test('an address with a zone is refused, because the zone is a name', () => {
  expect(isAddress('fe80::1%eth0')).toBe(false)
})

test('the path of a page contains nothing that could end a request', () => {
  for (const path of ['/', '/a/b?c=d&e', `/${'x'.repeat(1023)}`, '/%0d%0a']) {
    expect(isHttpPath(path)).toBe(true)
  }
  for (const path of [
    '',
    'a',
    '/ ',
    '/\r\n',
    '/\t',
    '/ä',
    '/#x',
    '/\x7f',
    `/${'x'.repeat(1024)}`,
  ]) {
    expect(isHttpPath(path)).toBe(false)
  }
})

test('bytes are counted in UTF-8', () => {
  for (const text of ['', 'a', 'ä', '€', '😀', 'aä€😀']) {
    expect(byteLength(text)).toBe(Buffer.byteLength(text))
  }
})
