/** pitcrew on a terminal: `docker run -it`, and an ordinary program of a login. */
import { expect, test } from 'vitest'
import { Channel } from '../support/channel.ts'
import { canUnshare, childrenOf, compileFixture, sh } from '../support/pitcrew.ts'
import { eventually, leftoverProcesses, processesUnder } from '../support/processes.ts'
import {
  ctrlBackslash,
  ctrlC,
  ctrlZ,
  Shell,
  untilForeground,
  untilGone,
} from '../support/terminal.ts'

const hears = compileFixture('reports-group-signals')
const places = canUnshare ? [true, false] : [false]
const twoDaemons = {
  daemons: {
    a: { command: sh('echo up; exec sleep 60') },
    b: { command: sh('echo up; exec sleep 60') },
  },
}

test.each(places)(
  'keys and a new size reach the command, and its exit is ours (PID 1: %s)',
  async (asPid1) => {
    await using terminal = new Channel('terminal', null, { args: ['--', hears, '2'], asPid1 })
    await terminal.line('2 ready')
    await untilForeground(childrenOf(terminal.pid)[0] ?? 0)
    terminal.type(ctrlC)
    // From the terminal itself: to the whole group.
    await terminal.line('leader got 2')
    await terminal.line('member got 2')
    terminal.send('size 50 100')
    await terminal.line('leader got 28')
    terminal.type(ctrlBackslash)
    expect(await terminal.exitCode()).toBe(42)
  },
)

test.each(places)('Ctrl-Z without a shell stops nothing for good (PID 1: %s)', async (asPid1) => {
  await using terminal = new Channel('terminal', null, { args: ['--', 'cat'], asPid1 })
  await untilForeground(await pidOfCat(terminal))
  terminal.type(ctrlZ)
  terminal.type('still there\n')
  // The terminal's echo, and cat.
  await terminal.linesWith('still there', 2)
  terminal.type(ctrlC)
  expect(await terminal.exitCode()).toBe(130)
})

test('when the command has ended, whatever started pitcrew may read the terminal again', async () => {
  // Not a shell with job control, which would fetch it back: a script of one.
  await using shell = new Shell()
  shell.type('sh -c \'"$P" -- true; read answer; echo "the answer: $answer."\'\n')
  shell.type('yes\n')
  await shell.line('the answer: yes.')
})

test('a command that has the terminal at one end only has it all the same', async () => {
  await using shell = new Shell()
  shell.type('echo | "$P" -- sh -c \'echo asks; read answer < /dev/tty; echo "got $answer."\'\n')
  await shell.line(/^asks\r$/)
  shell.type('it\n')
  await shell.line('got it.')
})

test.each(places)('Ctrl-C ends a bundle well (PID 1: %s)', async (asPid1) => {
  await using terminal = new Channel('terminal', twoDaemons, { asPid1 })
  await terminal.linesWith('] up', 2)
  terminal.type(ctrlC)
  expect(await terminal.exitCode()).toBe(0)
  expect(terminal.lines.join('\n')).toContain('pitcrew: INT: stopping 2 daemons')
  expect(leftoverProcesses(terminal)).toEqual([])
})

test('the terminal is gone: a bundle that is not PID 1 shuts down', async () => {
  await using terminal = new Channel('terminal', twoDaemons, { asPid1: false })
  await terminal.linesWith('] up', 2)
  await terminal.close()
  expect(await terminal.exitCode()).toBe(0)
  expect(leftoverProcesses(terminal)).toEqual([])
})

test('the terminal of the shell that started it is gone: the bundle shuts down', async () => {
  await using shell = new Shell()
  await using bundle = new Channel('pipe', twoDaemons, { asPid1: false, program: 'true' })
  shell.type(`"$P" run ${bundle.folder}/bundle.json\n`)
  await shell.linesWith('] up', 2)
  const { pitcrew } = await shell.job('sleep')
  await shell.close()
  await untilGone(pitcrew)
})

async function pidOfCat(terminal: Channel): Promise<number> {
  const cat = (): number => processesUnder(terminal).find(({ name }) => name === 'cat')?.pid ?? 0
  await eventually('cat is there', () => cat() !== 0)
  return cat()
}
