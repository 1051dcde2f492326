/** `pitcrew -- COMMAND` behaves as a job of an interactive shell as the command alone does. */
import { expect, test } from 'vitest'
import { childrenOf } from '../support/pitcrew.ts'
import {
  ctrlC,
  ctrlZ,
  isForeground,
  Shell,
  untilForeground,
  untilGone,
  untilInState,
} from '../support/terminal.ts'

test('Ctrl-Z suspends the job, and "fg" continues it in the foreground', async () => {
  await using shell = new Shell()
  shell.type('"$P" -- cat\n')
  const { pitcrew, command } = await shell.job('cat')
  await untilForeground(command)
  for (const text of ['once', 'twice', 'a third time']) {
    shell.type(`${text}\n`)
    await shell.linesWith(text, 2)
    shell.type(ctrlZ)
    await untilInState('T', pitcrew, command)
    await shell.untilShellForeground()
    shell.type('fg\n')
    await untilForeground(command)
    await untilInState('S', pitcrew, command)
  }
  shell.type(ctrlC)
  await untilGone(pitcrew, command)
  shell.type('echo "code $?."\n')
  await shell.line('code 130.')
})

test('"bg" continues the job in the background, and "fg" moves the running job to the foreground', async () => {
  await using shell = new Shell()
  shell.type('"$P" -- sleep 60\n')
  const { pitcrew, command } = await shell.job('sleep')
  await untilForeground(command)
  shell.type(ctrlZ)
  await untilInState('T', pitcrew, command)
  await shell.untilShellForeground()
  shell.type('bg; echo "has $((1 + 1))."\n')
  await shell.line('has 2.')
  await untilInState('S', pitcrew, command)
  expect(isForeground(shell.pid)).toBe(true)
  shell.type('fg\n')
  await untilForeground(command)
  // Wait until pitcrew has handled the CONT of the shell, which would undo the next step.
  await untilInState('S', pitcrew)
  shell.type(ctrlZ)
  await untilInState('T', pitcrew, command)
  await shell.untilShellForeground()
  shell.type('fg\n')
  await untilForeground(command)
  shell.type(ctrlC)
  await untilGone(pitcrew, command)
})

test('a job started with "&" does not take the terminal before "fg"', async () => {
  await using shell = new Shell()
  shell.type('"$P" -- sleep 60 & echo "has $((1 + 1))."\n')
  await shell.line('has 2.')
  const { pitcrew, command } = await shell.job('sleep')
  expect(isForeground(shell.pid)).toBe(true)
  shell.type('fg\n')
  await untilForeground(command)
  shell.type(ctrlC)
  await untilGone(pitcrew, command)
})

test('a background job that reads the terminal is suspended, and the shell notices', async () => {
  await using shell = new Shell()
  shell.type('"$P" -- cat &\n')
  const { pitcrew, command } = await shell.job('cat')
  await untilInState('T', pitcrew, command)
  await shell.untilShellForeground()
  shell.type('fg\n')
  await untilForeground(command)
  await untilInState('S', pitcrew, command)
  shell.type('hello\n')
  await shell.linesWith('hello', 2)
  shell.type(ctrlC)
  await untilGone(pitcrew, command)
})

test('Ctrl-Z suspends a whole pipeline, and "fg" continues it', async () => {
  await using shell = new Shell()
  shell.type('"$P" -- sleep 60 | sh -c "echo up; exec cat"\n')
  // From here on the foreground group is settled: both processes have set it at their start.
  const { pitcrew, command } = await shell.job('sleep')
  await shell.line(/^up\r$/)
  await untilInState('S', pitcrew, command)
  shell.type(ctrlZ)
  await untilInState('T', pitcrew, command)
  await shell.untilShellForeground()
  const stages = childrenOf(shell.pid)
  expect(stages).toHaveLength(2)
  await untilInState('T', ...stages)
  shell.type('fg\n')
  await untilForeground(command)
  shell.type(ctrlC)
  await untilGone(pitcrew, command)
})
