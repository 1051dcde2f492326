/** The help page of the one-command mode; the work is the init's. */
import type { Command } from '../command.ts'

export const oneCommand: Command = {
  name: '--',
  group: 'Run',
  summary: 'Run one command as a small init for it',
  usage: '[-g] -- COMMAND [ARG...]',
  details: `\
The command keeps this terminal, gets every signal that pitcrew gets, and its exit
status is pitcrew's. Processes that it leaves behind are reaped.

Options:
  -g  pass signals to the command's whole process group, not to the command alone`,
  args: ['COMMAND', '[ARG...]'],
  options: {},
}
