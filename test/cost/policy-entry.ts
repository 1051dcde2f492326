/** The program that budget.test.ts counts: the policy in the real engine over a host without
 *  effects. `run DAEMONS WORK [TIMES]`: it boots so many daemons; then it stops them (`stop`),
 *  restarts the first one (`restart`), or handles events that change nothing (`nothing`). */

import { signalNumbers } from '../../src/core/signals.ts'
import type { Handlers, Host } from '../../src/host/host.ts'
import { Loop } from '../../src/init/loop/loop.ts'
import { manyDaemons } from '../core/plans.ts'

declare global {
  var pitcrewHost: Host
  var pitcrewHandlers: Handlers
}

const real = globalThis.pitcrewHost
const [, count, work, times] = real.args
let pids = 100

const host: Host = {
  ...real,
  now: () => 1000,
  wallMs: () => 1_795_283_601_412,
  wakeAt() {},
  spawn: () => ({ pid: ++pids }),
  signal: () => 'sent',
  stop: () => 'sent',
  startShutdownWatchdog: () => {},
  print() {},
  notify() {},
  oomKills: () => null,
  envNames: () => [],
  envHide() {},
  getenv: () => null,
  lostOutput: () => ({ bytes: 0, lines: 0 }),
  isFolder: () => false,
  startHelper: () => null,
  finish() {},
}

globalThis.pitcrewHandlers = { handle() {}, recover() {} }
const signals = { USR1: { forward: [], restart: ['d0'], reload: [] } }
const plan = { ...manyDaemons(Number(count), false), signals }
const names = plan.daemons.map(({ name }) => name)
const loop = new Loop(host, plan, names, null)
loop.boot()
// Let it process the rest of its queue.
for (let turn = 0; turn < names.length / 8 + 2; turn++) loop.handle({ type: 'wake' })
if (work === 'stop') {
  send(signalNumbers.TERM)
  for (const daemon of names) end(daemon, 1)
}
for (let time = 1; time <= Number(times); time++) {
  if (work === 'nothing') {
    loop.handle({ type: 'ready', daemon: 'd0', run: 1 }) // It is ready already.
  } else {
    send(signalNumbers.USR1)
    end('d0', time)
  }
}
real.exit(0)

function send(signal: number): void {
  loop.handle({ type: 'signal', signal, hangup: false })
}

function end(daemon: string, run: number): void {
  const signal = signalNumbers.TERM
  loop.handle({ type: 'exited', daemon, run, code: 0, signal, gone: true, outputOpen: false })
}
