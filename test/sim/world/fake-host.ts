/** The Host of the simulated world, which pitcrew's init calls. Any call may fail: see
 *  faults.ts. */

import type { Supervisor } from '../../../src/control/server/control-plane.ts'
import { Server } from '../../../src/control/server/server.ts'
import { planCheck } from '../../../src/core/plan/check-plan.ts'
import type { Plan } from '../../../src/core/plan/plan.ts'
import type { Host } from '../../../src/host/host.ts'
import { auxiliary } from '../../../src/init/image/auxiliary.ts'
import { operations } from '../../../src/init/image/operations.ts'
import { Boot } from '../../../src/init/start/boot.ts'
import type { Faults } from './faults.ts'
import type { Schedule } from './schedule.ts'
import type { World } from './world.ts'

/** The wall clock at the beginning. It is only reported. */
const wallMs = 1_700_000_000_000

/** The environment in addition to that of the schedule. */
const environment: readonly string[] = ['PATH', 'HOME', 'TOKEN_A', 'TOKEN_B', 'NOTIFY_SOCKET']

/** The sum of every text. */
const sum = '0123456789abcdef'

/** A plan as `pitcrew build` writes it, which is already checked. A plan of the parsing helper
 *  is checked by the init. */
function sealed({ plan, ...rest }: Plan): string {
  return JSON.stringify({ plan, sum, ...rest })
}

export function hostOf(world: World, schedule: Schedule, faults: Faults): Host {
  const guarded = <Args extends readonly unknown[], T>(
    what: string,
    work: (...args: Args) => T,
  ) => {
    if (faults.areOutside) return work
    return (...args: Args): T => faults.call(what, () => work(...args))
  }
  return {
    args: ['run'],
    pid: schedule.isPid1 ? 1 : 2,
    uid: 0,
    getenv: (name) => {
      if (name === schedule.plan.select) return schedule.selected
      return name === 'PITCREW_FAULTS' ? faults.plants : null
    },
    readFile: guarded('readFile', (path) => {
      if (path !== './bundle.yaml') return { error: 'ENOENT' }
      return { text: schedule.helper === null ? sealed(schedule.plan) : 'name: bundle\n' }
    }),
    writeFile: () => 'EROFS',
    sum: () => sum,
    isFolder: guarded('isFolder', () => false),
    write: guarded('write', (_, text) => world.note({ what: 'complain', text })),
    isTerminal: () => false,
    exit: () => {
      throw new Error('exit is for client verbs')
    },
    execSelf: () => 'ENOSYS',
    wallMs: () => wallMs + Math.floor(world.agenda.nowMs),
    listFolder: () => [],

    now: guarded('now', () => world.agenda.nowMs),
    wakeAt: guarded('wakeAt', (atMs) => world.wakeAt(atMs)),
    spawn: guarded('spawn', ({ name }, run, _, channels) => world.spawn(name, run, channels)),
    signal: guarded('signal', (daemon, run, signal, to) => world.signal(daemon, run, signal, to)),
    stop: guarded('stop', (daemon, run, signal, to) => world.stop(daemon, run, signal, to)),
    probe: guarded('probe', (id, spec) => world.probes.begin(id, spec)),
    cancelProbe: guarded('cancelProbe', (id) => world.probes.forget(id)),
    notify: guarded('notify', (text) => world.note({ what: 'announce', text })),
    oomKills: guarded('oomKills', () => world.countOomKills()),
    runResources: guarded('runResources', (daemon, run) => world.runs.resources(daemon, run)),
    liveRuns: guarded('liveRuns', () => world.runs.live()),
    // No simulated client is a daemon.
    readNotify: () => null,
    members: guarded('members', (daemon, run) => world.runs.members(daemon, run)),
    closeOutput: guarded('closeOutput', (daemon, run) => world.closeOutput(daemon, run)),
    envNames: guarded('envNames', () => environment),
    envHide: guarded('envHide', () => {}),
    startHelper: guarded('startHelper', (id, task) => world.helper(id, task)),
    cancelHelper: guarded('cancelHelper', (id) => world.probes.forget(-id)),
    makeFolder: () => null,
    lock: () => null,
    listen: guarded('listen', () => {
      world.clients.isListening = true
      return null
    }),
    adoptClient: () => 'EBADF',
    queued: () => 0,
    send: guarded('send', (client, line) => world.send(client, line)),
    closeClient: guarded('closeClient', (client) => world.closeClient(client)),
    keepClient: () => false,
    receiveContent: () => 'ENOSYS',
    dropContent: () => {},
    streamLogs: () => 'ENOSYS',
    watchFiles: () => null,
    fileClockMs: () => wallMs + Math.floor(world.agenda.nowMs),
    usage: () => [],
    loadSupervisor: () => ({ Boot }),
    preloadSupervisor: () => {},
    loadAuxiliary: () => auxiliary,
    loadOperations: () => operations,
    loadCheck: guarded('loadCheck', () => planCheck),
    loadControl: guarded('loadControl', () => (supervisor: Supervisor) => new Server(supervisor)),
    openTrace: () => 'EROFS',
    writeTrace: () => {},
    print: guarded('print', (line) => world.note({ what: 'say', line })),
    outputStall: guarded('outputStall', () => world.outputStall),
    lostOutput: guarded('lostOutput', () => ({ bytes: 0, lines: 0 })),
    armShutdownWatchdog: guarded('armShutdownWatchdog', (afterMs) => world.armWatchdog(afterMs)),
    startShutdownWatchdog: () => world.startWatchdog(),
    finish: guarded('finish', (code, flushMs, silentMs) => world.finish(code, flushMs, silentMs)),
    stopSelf: () => {},
    foreground: () => false,
  }
}
