/** Cells of the daemon's table that the thousands of schedules of a test run need not visit, and why. They are in the
 *  table since a missing cell does not compile; test/core/table.test.ts looks into them. */

type Reasons = Readonly<Record<string, string>>

const turn = 'a turn is given to one that waits'
const spawn =
  'the answer to a spawn is stepped before anything else of that run, or forgotten with it'
const timers = 'a run has timers from its end on, and it does not begin again'

/** Nothing leads there through the real init. */
export const unreachable: Reasons = {
  'stopped × turn': turn,
  'stopped × spawned': spawn,
  'stopped × spawn-failed': spawn,
  'waiting × spawned': spawn,
  'waiting × spawn-failed': spawn,
  'starting × turn': turn,
  'starting × half': timers,
  'starting × grace': timers,
  'starting × stuck': timers,
  'running × turn': turn,
  'running × spawned': spawn,
  'running × spawn-failed': spawn,
  'running × half': timers,
  'running × grace': timers,
  'running × stuck': timers,
  'terminating × turn': turn,
  'terminating × spawned': spawn,
  'terminating × spawn-failed': spawn,
  'terminating × stuck': 'that timer is set by KILL',
  'killing × turn': turn,
  'killing × spawned': spawn,
  'killing × spawn-failed': spawn,
}

const boot = 'the boot itself was lost, its recovery broke, and a signal came before the next one'
const told =
  'a recovery learns of an end that the host tells of later, and others wait for their turn'
const disarm = 'the order to disarm is lost, and the run is over'

/** Only where several failures meet: seen in `npm run sim`, not in each test run. */
export const rare: Reasons = {
  'stopped × half': disarm,
  'stopped × grace': disarm,
  'stopped × stuck': disarm,
  'stopped × gone': told,
  'waiting × start': boot,
  'waiting × exited': told,
  'waiting × gone': told,
  'waiting × half': disarm,
  'waiting × grace': disarm,
  'waiting × stuck': disarm,
  'starting × start': boot,
  'starting × stop': 'TERM comes in the middle of more starts than there are in one turn',
  'starting × exited': told,
  'starting × gone': told,
  'running × start': boot,
  'running × gone': 'the end of the leader is lost, and its recovery broke',
  'terminating × start': boot,
  'killing × start': boot,
  'killing × half': disarm,
  'killing × grace': disarm,
}
