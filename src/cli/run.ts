/** The help page of `run`; the work is the init's. */
import type { Command } from './command.ts'

export const run: Command = {
  name: 'run',
  summary: 'Start the daemons of a bundle and look after them',
  usage: 'run [--trace FILE] [BUNDLE]',
  details: `\
Without BUNDLE the first of these is used: ./bundle.yaml, ./bundle.json,
/etc/pitcrew/bundle.yaml, /etc/pitcrew/bundle.json. A plan that "pitcrew build"
wrote is loaded without a parser.

TERM and INT shut down; what other signals do is said by "signals:" in the bundle.
The exit status is the largest positive one among the daemons' last runs, otherwise
zero; that of a daemon with "main: true" wins over all.

--trace FILE writes every event and what was decided, a line of JSON each; it replays
through the core.

Environment:
  PITCREW_DAEMONS   run only these daemons, a comma list; unset or blank = all
                    ("select:" in the bundle names another variable)
  PITCREW_DEADLINE  how long a shutdown may take in all, such as 9s`,
  args: ['[BUNDLE]'],
  options: {},
}
