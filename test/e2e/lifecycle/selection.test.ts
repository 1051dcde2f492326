/** The contract: Selection. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'

const bundle = {
  daemons: {
    egress: { command: sh('echo up'), restart: 'never' },
    pipelock: { command: sh('echo up'), restart: 'never' },
    'git-gate': { command: sh('echo up'), restart: 'never' },
  },
}

/** The daemons that were started, in order, with a bundle of daemons that end by themselves. */
async function started(value: string | null, of: object = bundle, name = 'PITCREW_DAEMONS') {
  await using pitcrew = new Pitcrew(of, { env: value === null ? {} : { [name]: value } })
  expect(await pitcrew.exitCode()).toBe(0)
  return {
    lines: pitcrew.lines,
    names: pitcrew.lines.flatMap((line) => / ([a-z-]+): started, /.exec(line)?.[1] ?? []),
  }
}

const all = ['egress', 'pipelock', 'git-gate']

test.each([
  ['unset selects all', null, all],
  ['empty selects all', '', all],
  ['blank selects all', '  \t ', all],
  ['one name', 'pipelock', ['pipelock']],
  ['spaces around names are trimmed', ' git-gate ,  egress ', ['egress', 'git-gate']],
  ['order has no effect', 'git-gate,pipelock,egress', all],
  ['duplicates have no effect', 'egress,egress, egress', ['egress']],
  ['unknown names are ignored', 'unknown,egress,Egress,,', ['egress']],
])('PITCREW_DAEMONS: %s', async (_, value, expected) => {
  expect((await started(value)).names).toEqual(expected)
})

test.each([
  ['an unknown name', 'unknown'],
  ['commas only', ','],
])('when nothing is selected (%s), pitcrew prints one line and exits with 0', async (_, value) => {
  const { lines } = await started(value)
  expect(lines).toEqual(['pitcrew: no daemon is selected by PITCREW_DAEMONS: nothing to do'])
})

test('`select:` names another variable, and PITCREW_DAEMONS is then ignored', async () => {
  const other = { ...bundle, select: 'BOTTLE_DAEMONS', label: 'sidecar-init' }
  expect((await started('egress', other, 'BOTTLE_DAEMONS')).names).toEqual(['egress'])
  expect((await started('egress', other, 'PITCREW_DAEMONS')).names).toEqual(all)
  expect((await started('x', other, 'BOTTLE_DAEMONS')).lines).toEqual([
    'sidecar-init: no daemon is selected by BOTTLE_DAEMONS: nothing to do',
  ])
})

test('a selected daemon does not wait for one that is not selected', async () => {
  const after = {
    daemons: {
      first: { command: sh('echo up'), restart: 'never' },
      second: { command: sh('echo up'), restart: 'never', after: ['first'] },
    },
  }
  expect((await started('second', after)).names).toEqual(['second'])
})

test('a signal that is mapped to a daemon that is not selected has no effect, which is logged', async () => {
  await using pitcrew = new Pitcrew(
    {
      signals: { USR1: { restart: ['other'] }, HUP: { forward: ['other'] } },
      daemons: { one: { command: sh('echo up; exec sleep 1000') }, other: { command: ['false'] } },
    },
    { env: { PITCREW_DAEMONS: 'one' } },
  )
  await pitcrew.line('[one] up')
  pitcrew.signal('SIGUSR1')
  await pitcrew.line('other: restart (USR1): failed: no such daemon')
  pitcrew.signal('SIGHUP')
  pitcrew.signal('SIGUSR2')
  await pitcrew.line('USR2 ignored')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines.join('\n')).not.toContain('other: started')
})
