/** What a client verb is in the binary: its promises, how it ends, what it may ask. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { scratchFolder } from '../e2e/support/listeners.ts'
import { binary, sh } from '../e2e/support/pitcrew.ts'
import { answers, buildVerb, played, ran, verbProgram } from './images/verb.ts'

beforeAll(buildVerb, 300_000)

describe('a verb', () => {
  test('has failed when nobody gets what it prints', () => {
    const words = ['-c', '"$0" --version > /dev/full', binary]
    const { status, stderr } = spawnSync('/bin/sh', words, { encoding: 'utf8' })
    expect(stderr).toBe('pitcrew: cannot write to stdout: ENOSPC\n')
    expect(status).toBe(1)
  })

  test('may wait for promises, and says itself when it ends', async () => {
    expect(await played('await')).toEqual([3, '0', '1', '2'])
  })

  test('may catch a rejection, and not at once', async () => {
    expect(await played('catch')).toEqual([3, 'caught'])
    expect(await played('catch late')).toEqual([3, 'caught'])
  })

  test.each([
    ['throw', 'thrown'],
    ['forget', 'forgotten'],
  ])(
    'a rejection that nobody catches is a bug, whatever it ends with: %s',
    async (how, message) => {
      const [status, ...said] = await played(how)
      expect(status).toBe(70)
      expect(said.join()).toContain(`pitcrew: cannot go on (a bug of pitcrew): Error: ${message}`)
    },
  )

  test('so is what is thrown at once', async () => {
    const [status, said] = await played('throw at once')
    expect(status).toBe(70)
    expect(said).toContain('pitcrew: cannot start (a bug of pitcrew): Error: thrown at once')
  })

  test('that waits for nobody is a bug, too', async () => {
    expect(await played('wait for nobody')).toEqual([
      70,
      'pitcrew: internal error: the verb never ended',
    ])
  })

  test('ends when nobody reads it any more, even where its parent ignores that', async () => {
    const calls = JSON.stringify([
      ['writeBytes', { times: 1_000_000 }],
      ['write', 2, 'it went on\n'],
    ])
    const pipe = sh('trap "" PIPE; { "$1" calls "$2"; echo "status $?" >&2; } | true')
    const shell = await ran([...pipe, 'sh', verbProgram, calls])
    expect(shell.errors).toEqual(['status 141'])
  })
})

describe('what it may ask', () => {
  test('a folder by name; nothing of what is none', async () => {
    const folder = scratchFolder()
    for (const name of ['b', 'a', 'B', '.c', 'é']) writeFileSync(join(folder, name), '')
    expect(await answers(['listFolder', folder], ['listFolder', `${folder}/a`])).toEqual([
      ['.c', 'B', 'a', 'b', 'é'],
      [],
    ])
  })

  test('the time on the wall, and time that passes', async () => {
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

  test('the size of a terminal, where there is one', async () => {
    expect(await answers(['terminalSize'])).toEqual([null])
    const calls = JSON.stringify([['terminalSize']])
    const sized = `stty columns 97 rows 31; '${verbProgram}' calls '${calls}'`
    const terminal = await ran(['script', '-qec', sized, '/dev/null'])
    expect(terminal.lines.join()).toContain('{"columns":97,"rows":31}')
  })
})
