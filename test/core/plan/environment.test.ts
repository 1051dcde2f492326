/** Which entries of the environment a daemon gets: positions, so that no value is in the engine. */
import { describe, expect, test } from 'vitest'
import { environmentFor } from '../../../src/core/plan/environment.ts'
import type { EnvSpec } from '../../../src/core/plan/plan.ts'
import { daemonSpec } from '../plans.ts'

const outer = ['PATH', 'EGRESS_TOKEN_A', 'EGRESS_TOKEN_B', 'EGRESS', 'HOME', 'LC_ALL', 'LANG']

/** What each daemon gets: names of what is inherited, NAME=value of what is set. */
function given(
  envs: Readonly<Record<string, Partial<EnvSpec>>>,
  names: readonly string[] = outer,
): Record<string, string> {
  const daemons = Object.entries(envs).map(([name, env]) =>
    daemonSpec(name, { env: { set: {}, pass: null, claim: [], ...env } }),
  )
  const environment = environmentFor(names, daemons)
  const textOf = (spec: (typeof daemons)[number]) =>
    environment.of(spec).map((one) => (typeof one === 'number' ? names[one] : one))
  return Object.fromEntries(daemons.map((spec) => [spec.name, textOf(spec).join(' ')]))
}

test('a daemon without `env` inherits everything', () => {
  expect(given({ web: {} })).toEqual({ web: outer.join(' ') })
})

describe('claim', () => {
  test('goes to its daemon and is withheld from every other', () => {
    expect(given({ egress: { claim: ['EGRESS_TOKEN_*'] }, web: {}, db: { pass: ['*'] } })).toEqual({
      egress: outer.join(' '),
      web: 'PATH EGRESS HOME LC_ALL LANG',
      db: 'PATH EGRESS HOME LC_ALL LANG',
    })
  })

  test('of two daemons goes to both', () => {
    expect(given({ a: { claim: ['LC_*'] }, b: { claim: ['LC_ALL'] }, c: {} })).toMatchObject({
      a: expect.stringContaining('LC_ALL'),
      b: expect.stringContaining('LC_ALL'),
      c: expect.not.stringContaining('LC_ALL'),
    })
  })

  test('goes to its daemon also beside a narrow `pass`', () => {
    expect(given({ egress: { claim: ['EGRESS_TOKEN_A'], pass: ['PATH'] } })).toEqual({
      egress: 'PATH EGRESS_TOKEN_A',
    })
  })

  test('of a daemon that is not selected withholds, too', () => {
    const egress = daemonSpec('egress', { env: { set: {}, pass: null, claim: ['EGRESS_*'] } })
    const web = daemonSpec('web')
    const environment = environmentFor(outer, [egress, web])
    expect(environment.of(web)).toEqual([0, 3, 4, 5, 6])
  })

  test('lists the entries to hide in the environment of pitcrew', () => {
    const egress = daemonSpec('egress', {
      env: { set: {}, pass: null, claim: ['EGRESS_*', 'LANG', 'NOTIFY_SOCKET'] },
    })
    expect(environmentFor([...outer, 'NOTIFY_SOCKET'], [egress]).claimed).toEqual([1, 2, 6, 7])
    expect(environmentFor(outer, [daemonSpec('web')]).claimed).toEqual([])
  })
})

describe('pass is an allow-list', () => {
  test.each<[pass: string[], inherited: string]>([
    [[], ''],
    [['PATH'], 'PATH'],
    [['LC_*', 'HOME'], 'HOME LC_ALL'],
    [['EGRESS*'], 'EGRESS_TOKEN_A EGRESS_TOKEN_B EGRESS'],
    [['*'], outer.join(' ')],
    [['path', 'PAT', 'PATHS'], ''],
  ])('%j', (pass, inherited) => {
    expect(given({ web: { pass } })).toEqual({ web: inherited })
  })
})

describe('set', () => {
  test('overrides an inherited variable', () => {
    expect(given({ web: { pass: ['PATH', 'HOME'], set: { HOME: '/srv', X: 'a=b' } } })).toEqual({
      web: 'PATH HOME=/srv X=a=b',
    })
  })

  test('overrides a variable that another daemon claims, without revealing its value', () => {
    expect(
      given({ egress: { claim: ['EGRESS'] }, web: { pass: [], set: { EGRESS: 'mine' } } }),
    ).toMatchObject({ web: 'EGRESS=mine' })
  })

  test('affects no variable with a similar name', () => {
    const names = ['constructor', 'toString', '__proto__']
    expect(given({ web: { set: { A: 'b' } } }, names)).toEqual({
      web: 'constructor toString __proto__ A=b',
    })
  })
})

test.each(['NOTIFY_SOCKET', 'PITCREW_FD', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'])(
  '%s is addressed to pitcrew: it is never inherited, but may be set',
  (name) => {
    const web = { claim: [name], pass: [name] }
    const db = { set: { [name]: '/run/mine' } }
    expect(given({ web, db, log: {} }, ['PATH', name])).toEqual({
      web: '',
      db: `PATH ${name}=/run/mine`,
      log: 'PATH',
    })
  },
)

test('a name that occurs twice is inherited twice, in order', () => {
  expect(given({ web: { pass: ['PATH'] } }, ['PATH', 'HOME', 'PATH'])).toEqual({ web: 'PATH PATH' })
})
