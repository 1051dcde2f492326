/** The environment of a daemon: inherited, passed, set and claimed variables, and variables that
 *  it must not have. */
import { expect, test } from 'vitest'
import { canUnshare, Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

const prints = { command: ['env'], restart: 'never' }

/** The environment of each daemon as "NAME=value" lines, without the variables of the test
 *  itself. */
async function envOf(
  daemons: object,
  env: Record<string, string>,
  select = '',
): Promise<Record<string, string[]>> {
  const options = { env: { ...env, PITCREW_DAEMONS: select } }
  await using pitcrew = new Pitcrew({ daemons }, options)
  expect(await pitcrew.exitCode()).toBe(0)
  const own = /^(PATH|PITCREW_\w+|FIXTURES|ASAN_OPTIONS)=/
  return Object.fromEntries(
    Object.keys(daemons).map((name) => [
      name,
      outputOf(pitcrew, name)
        .filter((line) => !own.test(line))
        .sort(),
    ]),
  )
}

test('by default a daemon inherits the whole environment', async () => {
  const { a } = await envOf({ a: prints }, { X: '1', Y: 'two words', EMPTY: '' })
  expect(a).toEqual(['EMPTY=', 'X=1', 'Y=two words'])
})

test('`set:` adds and replaces variables of one daemon', async () => {
  const set = { X: 'new', Z: 'a=b "quoted" $HOME' }
  const { a, b } = await envOf({ a: { ...prints, env: { set } }, b: prints }, { X: '1', Y: '2' })
  expect(a).toEqual(['X=new', 'Y=2', 'Z=a=b "quoted" $HOME'])
  expect(b).toEqual(['X=1', 'Y=2'])
})

test('`pass:` is an allow-list, also with a * at the end', async () => {
  const env = { pass: ['X', 'HTTP_*'] }
  const { a } = await envOf(
    { a: { ...prints, command: ['/usr/bin/env'], env } },
    { X: '1', XY: '2', HTTP_A: '3', HTTPS: '4' },
  )
  expect(a).toEqual(['HTTP_A=3', 'X=1'])
  const { none } = await envOf(
    { none: { ...prints, command: ['/usr/bin/env'], env: { pass: [], set: { ONLY: '1' } } } },
    { X: '1' },
  )
  expect(none).toEqual(['ONLY=1'])
})

test('`claim:` withholds a variable from every other daemon, also if the claiming one is not selected', async () => {
  const daemons = {
    egress: { ...prints, env: { claim: ['EGRESS_TOKEN_*', 'KEY'] } },
    pipelock: prints,
    other: { ...prints, env: { pass: ['EGRESS_TOKEN_A', 'X'] } },
  }
  const outer = { EGRESS_TOKEN_A: 'secret-a', EGRESS_TOKEN_B: 'secret-b', KEY: 'secret-k', X: '1' }
  const { egress, pipelock, other } = await envOf(daemons, outer)
  expect(egress).toEqual([
    'EGRESS_TOKEN_A=secret-a',
    'EGRESS_TOKEN_B=secret-b',
    'KEY=secret-k',
    'X=1',
  ])
  expect(pipelock).toEqual(['X=1'])
  expect(other).toEqual(['X=1'])
  expect((await envOf(daemons, outer, 'pipelock')).pipelock).toEqual(['X=1'])
})

test.skipIf(!canUnshare)('a claimed secret cannot be read from /proc/1/environ', async () => {
  const daemons = {
    egress: { command: sh('echo "mine: $TOKEN"; exec sleep 1000'), env: { claim: ['TOKEN'] } },
    thief: {
      command: sh('tr "\\0" "\\n" < /proc/1/environ; echo done'),
      restart: 'never',
    },
  }
  await using pitcrew = new Pitcrew(
    { daemons },
    { env: { TOKEN: 'very-secret', OPEN: 'not-secret' } },
  )
  await pitcrew.line('[egress] mine: very-secret')
  await pitcrew.line('[thief] done')
  const seen = outputOf(pitcrew, 'thief')
  expect(seen).toContain('OPEN=not-secret')
  expect(seen.join('\n')).not.toContain('very-secret')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('a claimed secret is passed to the second run, too', async () => {
  const egress = { command: sh('echo "mine: $TOKEN"; exec sleep 1000'), env: { claim: ['TOKEN'] } }
  const bundle = { signals: { USR1: { restart: ['egress'] } }, daemons: { egress } }
  await using pitcrew = new Pitcrew(bundle, { env: { TOKEN: 'very-secret' } })
  await pitcrew.line('[egress] mine: very-secret')
  pitcrew.signal('SIGUSR1')
  await pitcrew.linesWith('[egress] mine: very-secret', 2)
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
})

test('daemons do not inherit the variables of an outer supervisor', async () => {
  const outer = {
    NOTIFY_SOCKET: '/run/x',
    LISTEN_FDS: '1',
    LISTEN_PID: '1',
    LISTEN_FDNAMES: 'x',
    X: '1',
  }
  const pass = { ...prints, env: { pass: ['X', 'NOTIFY_SOCKET', 'LISTEN_*'] } }
  const { a, b } = await envOf({ a: prints, b: { ...pass, command: ['/usr/bin/env'] } }, outer)
  expect(a).toEqual(['X=1'])
  expect(b).toEqual(['X=1'])
})

test('a large environment and large values are passed completely', async () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`V${n}`, `${n}`]))
  const command = sh('env | grep -c ^V; printf %s "$BIG" | wc -c')
  await using pitcrew = new Pitcrew(
    { daemons: { a: { command, restart: 'never' } } },
    { env: { ...many, BIG: 'x'.repeat(100_000) } },
  )
  expect(await pitcrew.exitCode()).toBe(0)
  expect(outputOf(pitcrew, 'a')).toEqual(['500', '100000'])
})
