/** Cells of the daemon's table that the thousands of schedules of a test run need not visit, and why. They are in the
 *  table since a missing cell does not compile; test/core/daemon/table.test.ts looks into them. */

type Reasons = Readonly<Record<string, string>>

const turn = 'a turn is given to one that waits'
const skip = 'one that waits is skipped'
const hold = 'one is held that runs or is about to'
const spawn =
  'the answer to a spawn is stepped before anything else of that run, or forgotten with it'
const timers = 'a run has timers from its end on, and it does not begin again'
const backoff = 'that timer is set when a run is over, and the next run has another number'

/** Nothing leads there through the real init. */
export const unreachable: Reasons = {
  'stopped × turn': turn,
  'stopped × skip': skip,
  'stopped × hold': hold,
  'stopped × spawned': spawn,
  'stopped × spawn-failed': spawn,
  'waiting × hold': hold,
  'waiting × spawned': spawn,
  'waiting × spawn-failed': spawn,
  'backoff × turn': turn,
  'backoff × skip': skip,
  'backoff × hold': hold,
  'backoff × spawned': spawn,
  'backoff × spawn-failed': spawn,
  'starting × turn': turn,
  'starting × skip': skip,
  'starting × escalate': timers,
  'starting × grace': timers,
  'starting × stuck': timers,
  'starting × backoff': backoff,
  'running × turn': turn,
  'running × skip': skip,
  'running × spawned': spawn,
  'running × spawn-failed': spawn,
  'running × escalate': timers,
  'running × grace': timers,
  'running × stuck': timers,
  'running × backoff': backoff,
  'terminating × turn': turn,
  'terminating × skip': skip,
  'terminating × hold': hold,
  'terminating × spawned': spawn,
  'terminating × spawn-failed': spawn,
  'terminating × stuck': 'that timer is set by KILL',
  'terminating × backoff': backoff,
  'killing × turn': turn,
  'killing × skip': skip,
  'killing × hold': hold,
  'killing × spawned': spawn,
  'killing × spawn-failed': spawn,
  'killing × backoff': backoff,
}

/** Where many failures meet within milliseconds: not met in a few thousand schedules, but in these, which are played
 *  as well. When schedules change, `npm run sim -- --seeds 20000` tells others. */
export const seedsOfRare: Readonly<Record<string, number>> = {
  'stopped × backoff': 3903,
  'stopped × gone': 6090,
  'stopped × grace': 2340,
  'stopped × stuck': 24140,
  'stopped × unhealthy': 1263,
  'waiting × backoff': 4880,
  'waiting × exited': 2000,
  'waiting × grace': 2000,
  'waiting × watchdog-ping': 55635,
  'waiting × ready': 14487,
  'waiting × status-reported': 19362,
  'waiting × unhealthy': 4770,
  'backoff × gone': 29880,
  'backoff × grace': 6650,
  'backoff × escalate': 1590,
  'backoff × unhealthy': 20990,
  'starting × hold': 2180,
}

const disarmLost = 'KILL, the order to disarm is lost, and it is still there a second later'
const spawnLost =
  'its spawn is told by the host alone, since the recovery broke, too, and it speaks at once'

const spawnForgotten =
  'it broke behind the spawn, and the look for it, too, so it is taken for one that failed'

const bootAgain =
  'a boot of more than 128 daemons takes several steps, one of them fails, and it begins anew'

/** The real init can lead there; hardly ever seen in millions of schedules. */
export const rare: Reasons = {
  'waiting × start': bootAgain,
  'backoff × start': bootAgain,
  'starting × start': bootAgain,
  'starting × executed': spawnLost,
  'stopped × executed': spawnForgotten,
  'waiting × executed': spawnForgotten,
  'backoff × executed': spawnForgotten,
  'starting × ready': spawnLost,
  'starting × watchdog-ping': spawnLost,
  'starting × exited': spawnLost,
  'starting × gone': spawnLost,
  'waiting × stuck': disarmLost,
  'backoff × stuck': disarmLost,
  'killing × executed': 'it executes its program just before KILL, and does not end at once',
  'killing × grace': 'KILL in a recovery, and the order to disarm is lost',
  'starting × status-reported': spawnLost,
  'starting × unhealthy': spawnLost,
  'running × gone': 'its end was lost with the recovery, and then the rest of it is gone',
}
