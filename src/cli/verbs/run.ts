/** The help pages of `run` and `-- COMMAND`. The C host starts other images for these two, so their
 *  work is in src/init. */
import type { Command } from '../command.ts'

export const run: Command<{ trace: string; 'control-fd': string }> = {
  name: 'run',
  group: 'Run',
  summary: 'Start and supervise the daemons of a bundle',
  usage: 'run [BUNDLE] [--trace FILE] [--control-fd N]',
  details: `\
Without BUNDLE, the first of these files is used: ./bundle.yaml, ./bundle.json,
/etc/pitcrew/bundle.yaml, /etc/pitcrew/bundle.json. A plan written by
"pitcrew build" is loaded without the YAML parser.

TERM and INT shut pitcrew down; "signals:" in the bundle maps other signals.
The exit status is the largest positive exit code among the last runs of the
daemons, otherwise 0. The exit code of a daemon with "main: true" overrides it.

Environment:
  PITCREW_DAEMONS    the daemons to run, a comma list; unset or blank: all
                     ("select:" in the bundle names another variable)
  PITCREW_DEADLINE   time for a whole shutdown, such as 9s;
                     overrides "deadline:" of the bundle
  PITCREW_RUN_DIR    folder of the socket and the lock; default: /run/pitcrew
  PITCREW_STATE_DIR  folder of the journal and the exit report;
                     default: /var/lib/pitcrew, if it exists
  PITCREW_SOCKET     path of the socket; default: NAME.sock in the run folder`,
  args: ['[BUNDLE]'],
  options: {
    trace: { value: 'FILE', help: 'record every event and decision in FILE, for replay' },
    'control-fd': {
      value: 'N',
      help: 'inherited socket that gives the parent full control; closing it shuts pitcrew down',
    },
  },
}

export const oneCommand: Command = {
  name: '--',
  group: 'Run',
  summary: 'Run one command under a minimal init',
  usage: '[-g] -- COMMAND [ARG...]',
  details: `\
The command keeps the terminal and receives every signal that pitcrew receives.
pitcrew reaps orphaned processes and exits with the command's exit status.

Options:
  -g  send signals to the command's process group, not to the command alone`,
  args: ['COMMAND', '[ARG...]'],
  options: {},
}
