/** Cells of the daemon table that the schedules of a test run need not visit, with the reason.
 *  They exist because a missing cell does not compile; test/core/daemon/table.test.ts tests
 *  them. */

type Reasons = Readonly<Record<string, string>>

const turn = 'only a waiting daemon gets a turn'
const skip = 'only a waiting daemon is skipped'
const hold = 'only a daemon that is running or starting is held'
const spawn = 'the result of a spawn is handled before any other event of that run, or lost with it'
const timers = 'these timers are armed from the end of a run'
const backoff = 'this timer is armed when a run is over, and the next run has another number'

/** The real init cannot lead there. */
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
  'terminating × stuck': 'this timer is armed by KILL',
  'terminating × backoff': backoff,
  'killing × turn': turn,
  'killing × skip': skip,
  'killing × hold': hold,
  'killing × spawned': spawn,
  'killing × spawn-failed': spawn,
  'killing × backoff': backoff,
}

/** Cells that need several failures within milliseconds. A few thousand schedules do not visit
 *  them, but these seeds do, and are played as well. When schedules change, `npm run sim --
 *  --seeds 20000` prints others. */
export const seedsOfRare: Readonly<Record<string, number>> = {
  'stopped × backoff': 3903,
  'stopped × exited': 2120,
  'stopped × gone': 6090,
  'stopped × grace': 2340,
  'stopped × stuck': 24140,
  'stopped × unhealthy': 1263,
  'waiting × backoff': 4880,
  'waiting × exited': 4760,
  'waiting × grace': 2000,
  'waiting × watchdog-ping': 55635,
  'waiting × ready': 14487,
  'waiting × status-reported': 19362,
  'waiting × unhealthy': 4770,
  'backoff × exited': 5130,
  'backoff × gone': 29880,
  'backoff × grace': 6650,
  'backoff × escalate': 1590,
  'backoff × unhealthy': 20990,
  'starting × hold': 2180,
}

const disarmLost = 'KILL, the disarm order is lost, and a process is left a second later'
const spawnLost =
  'only the host knows of its spawn, since the recovery failed, too, and it sends an event at once'

const spawnForgotten =
  'a fault after the spawn and another in the recovery, so that the start counts as failed'

const bootAgain =
  'a boot of more than 128 daemons takes several steps, one of them fails, and the boot begins again'

/** The real init can lead there, but millions of schedules hardly ever do. */
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
  'killing × grace': 'KILL in a recovery, and the disarm order is lost',
  'starting × status-reported': spawnLost,
  'starting × unhealthy': spawnLost,
  'running × gone': 'its exit was lost with the recovery, and then the rest of it ends',
}
