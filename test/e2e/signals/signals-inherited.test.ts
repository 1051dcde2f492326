/** Daemons do not inherit the signal mask and dispositions of pitcrew. */
import { expect, test } from 'vitest'
import { Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

// grep would catch SEGV, and dash keeps ignored signals ignored.
const status = { command: ['cat', '/proc/self/status'], restart: 'never' }

async function signalsOf(wrap: readonly string[], asPid1: boolean): Promise<string[]> {
  await using pitcrew = new Pitcrew({ daemons: { a: status } }, { wrap, asPid1 })
  expect(await pitcrew.exitCode()).toBe(0)
  return outputOf(pitcrew, 'a').filter((line) => /^Sig(Blk|Ign|Cgt)|^ShdPnd/.test(line))
}

const nothing = [
  'ShdPnd:\t0000000000000000',
  'SigBlk:\t0000000000000000',
  'SigIgn:\t0000000000000000',
  'SigCgt:\t0000000000000000',
]
/** The command that executes pitcrew with signals ignored or blocked, as a shell, nohup or a
 *  careless parent does. */
const perl = (script: string): string[] => ['perl', '-e', `${script}; exec @ARGV or die`]
const blocks =
  'use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM, SIGUSR1, SIGCHLD, SIGALRM))'

test.each([
  ['was started as usual', []],
  ['was started by nohup', ['nohup']],
  [
    'was started with everything ignored',
    perl('$SIG{$_} = "IGNORE" for qw(HUP INT QUIT PIPE TERM USR1 CHLD)'),
  ],
  ['was started with signals blocked', perl(blocks)],
])(
  'a daemon starts with default dispositions and an empty mask, when pitcrew %s',
  async (_, wrap) => {
    expect(await signalsOf(wrap, true)).toEqual(nothing)
    expect(await signalsOf(wrap, false)).toEqual(nothing)
  },
)

test.each([
  ['ignored', perl('$SIG{$_} = "IGNORE" for qw(HUP TERM CHLD)')],
  ['blocked', perl(blocks)],
])('pitcrew handles TERM, HUP and CHLD although they were %s at its start', async (_, wrap) => {
  const bundle = {
    signals: { HUP: { restart: ['a'] } },
    daemons: {
      a: { command: sh('echo up; exec sleep 1000') },
      b: { command: sh('exit 3'), restart: 'never' },
    },
  }
  await using pitcrew = new Pitcrew(bundle, { wrap })
  await pitcrew.line('b: died: exit code 3')
  await pitcrew.line('[a] up')
  pitcrew.signal('SIGHUP')
  await pitcrew.line('a: restart (HUP): done')
  pitcrew.signal('SIGTERM')
  expect(await pitcrew.exitCode()).toBe(3)
})
