/** Cells of the daemon's table that the thousands of schedules of a test run need not visit, and why. They are in the
 *  table since a missing cell does not compile; test/core/table.test.ts looks into them. */

type Reasons = Readonly<Record<string, string>>

const turn = 'a turn is given to one that waits'
const spawn =
  'the answer to a spawn is stepped before anything else of that run, or forgotten with it'
const boot = 'the boot comes first, and after a recovery nobody is starting'
const timers = 'a run has timers from its end on, and it does not begin again'

/** Nothing leads there through the real init. */
export const unreachable: Reasons = {
  'stopped × turn': turn,
  'stopped × spawned': spawn,
  'stopped × spawn-failed': spawn,
  'waiting × spawned': spawn,
  'waiting × spawn-failed': spawn,
  'starting × start': boot,
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

/** Where many failures meet within milliseconds: not met in a few thousand schedules, but in these, which are played
 *  as well. When schedules change, `npm run sim -- --seeds 20000` tells others. */
export const seedsOfRare: Readonly<Record<string, number>> = {
  'waiting × grace': 5800,
  'waiting × exited': 7450,
  'waiting × gone': 8610,
  'running × gone': 9450,
}

/** Not seen yet in millions of schedules. */
export const rare: Reasons = {
  'waiting × stuck': 'KILL, the order to disarm is lost, and a restart waits a second later',
}
