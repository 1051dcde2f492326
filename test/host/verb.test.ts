/** Client verbs in the binary: promises, ends, and calls of the host. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { scratchFolder } from '../e2e/support/listeners.ts'
import { binary, sh } from '../e2e/support/pitcrew.ts'
import { answers, buildVerb, played, ran, verbProgram } from './images/verb.ts'

beforeAll(buildVerb, 300_000)

describe('a verb', () => {
  test('fails if its output cannot be written', () => {
    const words = ['-c', '"$0" --version > /dev/full', binary]
    const { status, stderr } = spawnSync('/bin/sh', words, { encoding: 'utf8' })
    expect(stderr).toBe('pitcrew: cannot write to stdout: ENOSPC\n')
    expect(status).toBe(1)
  })

  test('may await promises, and ends by its own call', async () => {
    expect(await played('await')).toEqual([3, '0', '1', '2'])
  })

  test('may catch a rejection later', async () => {
    expect(await played('catch')).toEqual([3, 'caught'])
    expect(await played('catch late')).toEqual([3, 'caught'])
  })

  test.each([
    ['throw', 'thrown'],
    ['forget', 'forgotten'],
  ])('an unhandled rejection is a bug, whatever the verb ends with: %s', async (how, message) => {
    const [status, ...said] = await played(how)
    expect(status).toBe(70)
    expect(said.join()).toContain(`pitcrew: cannot go on (a bug of pitcrew): Error: ${message}`)
  })

  test('a thrown error is a bug', async () => {
    const [status, said] = await played('throw at once')
    expect(status).toBe(70)
    expect(said).toContain('pitcrew: cannot start (a bug of pitcrew): Error: thrown at once')
  })

  test('that awaits nothing forever is a bug', async () => {
    expect(await played('wait forever')).toEqual([
      70,
      'pitcrew: internal error: the verb never ended',
    ])
  })

  test('ends when its reader is gone, even if its parent ignores SIGPIPE', async () => {
    const calls = JSON.stringify([
      ['writeBytes', { times: 1_000_000 }],
      ['write', 2, 'it went on\n'],
    ])
    const pipe = sh('trap "" PIPE; { "$1" calls "$2"; echo "status $?" >&2; } | true')
    const shell = await ran([...pipe, 'sh', verbProgram, calls])
    expect(shell.errors).toEqual(['status 141'])
  })
})

describe('calls of the host', () => {
  test('the names in a folder; none without a folder', async () => {
    const folder = scratchFolder()
    for (const name of ['b', 'a', 'B', '.c', 'é']) writeFileSync(join(folder, name), '')
    expect(await answers(['listFolder', folder], ['listFolder', `${folder}/a`])).toEqual([
      ['.c', 'B', 'a', 'b', 'é'],
      [],
    ])
  })

  test('wall-clock time, and monotonic time', async () => {
    const before = Date.now()
    const [wall, from, , , to] = (await answers(
      ['wallMs'],
      ['now'],
      ['sleep', -1],
      ['sleep', 20],
      ['now'],
    )) as number[]
    expect(wall).toBeGreaterThanOrEqual(before)
    expect(wall).toBeLessThanOrEqual(Date.now())
    expect((to as number) - (from as number)).toBeGreaterThanOrEqual(20)
  })

  test('the size of a terminal, if there is one', async () => {
    expect(await answers(['terminalSize'])).toEqual([null])
    const calls = JSON.stringify([['terminalSize']])
    const sized = `stty columns 97 rows 31; '${verbProgram}' calls '${calls}'`
    const terminal = await ran(['script', '-qec', sized, '/dev/null'])
    expect(terminal.lines.join()).toContain('{"columns":97,"rows":31}')
  })
})
