/** pitcrew with a terminal: `docker run -it`, and a program started from a login shell. */
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

const reporter = compileFixture('reports-group-signals')
const modes = canUnshare ? [true, false] : [false]
const twoDaemons = {
  daemons: {
    a: { command: sh('echo up; exec sleep 60') },
    b: { command: sh('echo up; exec sleep 60') },
  },
}

test.each(modes)(
  'keys and a new window size reach the command, and pitcrew exits with its status (PID 1: %s)',
  async (asPid1) => {
    await using terminal = new Channel('terminal', null, { args: ['--', reporter, '2'], asPid1 })
    await terminal.line('2 ready')
    await untilForeground(childrenOf(terminal.pid)[0] ?? 0)
    terminal.type(ctrlC)
    // The terminal sends it to the whole group.
    await terminal.line('leader got 2')
    await terminal.line('member got 2')
    terminal.send('size 50 100')
    await terminal.line('leader got 28')
    terminal.type(ctrlBackslash)
    expect(await terminal.exitCode()).toBe(42)
  },
)

test.each(modes)(
  'Ctrl-Z without a job-control shell does not suspend the command (PID 1: %s)',
  async (asPid1) => {
    await using terminal = new Channel('terminal', null, { args: ['--', 'cat'], asPid1 })
    await untilForeground(await pidOfCat(terminal))
    terminal.type(ctrlZ)
    terminal.type('still there\n')
    // Printed by the terminal's echo and by cat.
    await terminal.linesWith('still there', 2)
    terminal.type(ctrlC)
    expect(await terminal.exitCode()).toBe(130)
  },
)

test('after the end of the command the parent of pitcrew can read the terminal again', async () => {
  // The parent is a script: a shell with job control would take the terminal back.
  await using shell = new Shell()
  shell.type('sh -c \'"$P" -- true; read answer; echo "the answer: $answer."\'\n')
  shell.type('yes\n')
  await shell.line('the answer: yes.')
})

test('a command with the terminal at one end only can read it', async () => {
  await using shell = new Shell()
  shell.type('echo | "$P" -- sh -c \'echo reading; read answer < /dev/tty; echo "got $answer."\'\n')
  await shell.line(/^reading\r$/)
  shell.type('it\n')
  await shell.line('got it.')
})

test.each(modes)('Ctrl-C shuts down a bundle (PID 1: %s)', async (asPid1) => {
  await using terminal = new Channel('terminal', twoDaemons, { asPid1 })
  await terminal.linesWith('] up', 2)
  terminal.type(ctrlC)
  expect(await terminal.exitCode()).toBe(0)
  expect(terminal.lines.join('\n')).toContain('pitcrew: INT: stopping 2 daemons')
  expect(leftoverProcesses(terminal)).toEqual([])
})

test('the loss of the terminal shuts down a bundle that is not PID 1', async () => {
  await using terminal = new Channel('terminal', twoDaemons, { asPid1: false })
  await terminal.linesWith('] up', 2)
  await terminal.close()
  expect(await terminal.exitCode()).toBe(0)
  expect(leftoverProcesses(terminal)).toEqual([])
})

test('the loss of the terminal of the parent shell shuts down a bundle', async () => {
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
  await eventually('cat is running', () => cat() !== 0)
  return cat()
}
