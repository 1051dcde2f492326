/** `pitcrew run` with an invalid bundle: exit 2, a message with place and remedy on stderr, no
 *  daemon started, nothing on stdout. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pitcrew } from '../support/pitcrew.ts'
import { leftoverProcesses } from '../support/processes.ts'

/** The lines on stderr of a run that must exit with 2. */
async function refused(
  bundle: string | object | null,
  args?: readonly string[],
): Promise<string[]> {
  await using pitcrew = new Pitcrew(bundle, args === undefined ? {} : { args })
  expect(await pitcrew.exitCode()).toBe(2)
  expect(pitcrew.lines).toEqual([])
  expect(leftoverProcesses(pitcrew)).toEqual([])
  return pitcrew.errors.map((line) => line.replaceAll(pitcrew.folder, 'HERE'))
}

const validDaemon = '  a: { command: [touch, started] }\n'

test.each([
  [
    'a syntax error',
    `daemons:\n${validDaemon}  b: [\n`,
    /^HERE\/bundle\.yaml:\d+:\d+: not valid YAML: .*; close the bracket before this position$/,
  ],
  [
    'an unknown key',
    `daemons:\n${validDaemon}  b:\n    comand: [true]\n`,
    /^HERE\/bundle\.yaml:4:5: daemon "b": unknown key "comand"; did you mean "command"\?$/,
  ],
  [
    'a duplicate name',
    `daemons:\n${validDaemon}  a: { command: [false] }\n`,
    /^HERE\/bundle\.yaml:3:3: duplicate key "a"; remove or rename one of them$/,
  ],
  [
    'an empty command',
    `daemons:\n${validDaemon}  b: { command: [] }\n`,
    /^HERE\/bundle\.yaml:3:17: daemon "b": command: the list is empty; add command: /,
  ],
  [
    'a cycle',
    'daemons:\n  a: { command: [x], after: [b] }\n  b: { command: [x], after: [a] }\n',
    /^HERE\/bundle\.yaml:2:30: after has a cycle: a → b → a; remove one of these dependencies$/,
  ],
  ['an empty file', '', /^HERE\/bundle\.yaml:1:1: the bundle is empty; add daemons: /],
  [
    'a planned key',
    `daemons:\n  a: { command: [x], drain: {} }\n`,
    /^HERE\/bundle\.yaml:2:22: daemon "a": "drain" is not yet supported; remove it$/,
  ],
])('%s is refused with its place and a remedy', async (_, text, expected) => {
  const [first, ...more] = (await refused(text)).map((line) => decode(line))
  expect(first).toMatch(expected)
  expect(more.length).toBeLessThanOrEqual(1) // The number of problems.
})

/** Decodes a message, which the test has read as latin1. */
function decode(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8')
}

test('all problems of a file are reported at once, each with its place', async () => {
  const errors = await refused(
    'deadline: 5\ndaemons:\n  A: { command: [x] }\n  b: { comand: [x] }\n',
  )
  expect(errors.slice(0, 3).map((line) => /yaml:(\d+):/.exec(line)?.[1])).toEqual(['1', '3', '4'])
})

test.each([
  [
    'a file that does not exist',
    'nothing.yaml',
    'no such file or directory (ENOENT); check the path',
  ],
  ['a folder', 'folder', 'it is not a regular file; name the file itself, such as bundle.yaml'],
  [
    'a FIFO without a writer',
    'fifo',
    'it is not a regular file; name the file itself, such as bundle.yaml',
  ],
  [
    'ten megabytes',
    'huge.yaml',
    'it is too large; a bundle has at most 1 MiB, a plan at most 4 MiB',
  ],
  ['a device', '/dev/zero', 'it is not a regular file; name the file itself, such as bundle.yaml'],
])('%s is refused, with its path and a remedy', async (_, name, message) => {
  await using place = new Pitcrew(null, { program: '/bin/true', args: [], asPid1: false })
  mkdirSync(join(place.folder, 'folder'))
  execFileSync('mkfifo', [join(place.folder, 'fifo')])
  writeFileSync(
    join(place.folder, 'huge.yaml'),
    `daemons:\n${validDaemon}`.padEnd(10 * 1024 * 1024, '\n'),
  )
  const path = name.startsWith('/') ? name : join(place.folder, name)
  expect(await refused(null, ['run', path])).toEqual([
    `pitcrew: cannot read the bundle ${path}: ${message}`,
  ])
})

test('two megabytes of YAML are refused by the parser', async () => {
  const text = `daemons:\n${validDaemon}`.padEnd(2 * 1024 * 1024, '\n')
  const [first] = await refused(text)
  expect(first).toBe(
    'HERE/bundle.yaml:1:1: the bundle is larger than 1 MiB; make it smaller, or split it',
  )
})

test('a plan of another format is refused, with a remedy', async () => {
  expect(await refused({ plan: 99, daemons: [] })).toEqual([
    'pitcrew: cannot use the plan HERE/bundle.json: plan: format 99 is not known, this version reads format 2; build it again: pitcrew build BUNDLE --out FILE',
  ])
})

test('a damaged plan is refused, with the error', async () => {
  const [line] = await refused({ plan: 2, name: 'x', daemons: [{}] })
  expect(line).toMatch(
    /^pitcrew: cannot use the plan HERE\/bundle\.json: label: expected .*; build it again: /,
  )
})

test('a truncated plan is refused', async () => {
  await using place = new Pitcrew(null, { program: '/bin/true', args: [], asPid1: false })
  const path = join(place.folder, 'bundle.json')
  writeFileSync(path, '{"plan":2,"name":"pitcrew","label":"pit')
  const [line] = await refused(null, ['run', path])
  expect(line).toMatch(/^pitcrew: cannot use the plan .*bundle\.json: .*; build it again: /)
})

test('binary data in a .json file is refused with a place', async () => {
  await using place = new Pitcrew(null, { program: '/bin/true', args: [], asPid1: false })
  const path = join(place.folder, 'bundle.json')
  writeFileSync(path, Buffer.from([0x7b, 0x00, 0xff, 0xfe, 0x22, 0x0a, 0x80]))
  const [line] = await refused(null, ['run', path])
  expect(line).toMatch(/bundle\.json:\d+:\d+: /)
})

test.each([
  [['run', '--what'], 'pitcrew: cannot run: unknown option "--what"'],
  [['run', 'a', 'b'], 'pitcrew: cannot run: too many arguments: "b"'],
])('%j is refused', async (args, message) => {
  const [line, ...more] = await refused(null, args)
  expect(line?.split('; usage: pitcrew run ')).toEqual([
    message,
    expect.stringContaining('[BUNDLE]'),
  ])
  expect(more).toEqual([])
})

test('without a bundle the message lists the searched paths', async () => {
  await using pitcrew = new Pitcrew(null, {
    args: ['run'],
    wrap: ['/bin/sh', '-c', 'cd / && exec "$@"', 'sh'],
  })
  expect(await pitcrew.exitCode()).toBe(2)
  expect(pitcrew.errors).toEqual([
    'pitcrew: cannot find a bundle: there is no ./bundle.yaml, no ./bundle.json, no /etc/pitcrew/bundle.yaml, no /etc/pitcrew/bundle.json; name one on the command line',
  ])
})
