/** The help pages of `run` and `-- COMMAND`. Their work is in the init's images, which the C host
 *  starts for them. */
import type { Command } from '../command.ts'

export const run: Command<{ trace: string; 'control-fd': string }> = {
  name: 'run',
  group: 'Run',
  summary: 'Start the daemons of a bundle and look after them',
  usage: 'run [BUNDLE] [--trace FILE] [--control-fd N]',
  details: `\
Without BUNDLE the first of these is used: ./bundle.yaml, ./bundle.json,
/etc/pitcrew/bundle.yaml, /etc/pitcrew/bundle.json. A plan that "pitcrew build"
wrote is loaded without a parser.

TERM and INT shut down; what other signals do is said by "signals:" in the bundle.
The exit status is the largest positive one among the daemons' last runs, otherwise
zero; that of a daemon with "main: true" wins over all.

Environment:
  PITCREW_DAEMONS    run only these daemons, a comma list; unset or blank = all
                     ("select:" in the bundle names another variable)
  PITCREW_DEADLINE   how long a shutdown may take in all, such as 9s
  PITCREW_RUN_DIR    the folder of the socket and the lock; /run/pitcrew, if absent
  PITCREW_STATE_DIR  the folder of the journal and the exit report; /var/lib/pitcrew
  PITCREW_SOCKET     the path of the socket; NAME.sock in the run folder, if absent`,
  args: ['[BUNDLE]'],
  options: {
    trace: { value: 'FILE', help: 'write every event and what was decided; it replays' },
    'control-fd': {
      value: 'N',
      help: 'an inherited socket: whoever started us operates, and we end when he does',
    },
  },
}

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
