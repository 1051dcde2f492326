/** The program that budget.test.ts counts: the policy in the real engine over a host without
 *  effects. It boots and stops as many daemons as its argument says. */
import type { Handlers, Host } from '../../src/host/host.ts'
import { Loop } from '../../src/init/loop/loop.ts'
import { manyDaemons } from '../core/plans.ts'

declare global {
  var pitcrewHost: Host
  var pitcrewHandlers: Handlers
}

const real = globalThis.pitcrewHost
const count = Number(real.args[1])
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
const plan = manyDaemons(count, false)
const names = plan.daemons.map(({ name }) => name)
const loop = new Loop(host, plan, names, null)
loop.boot()
// Let it process the rest of its queue.
for (let turn = 0; turn < count / 8 + 2; turn++) loop.handle({ type: 'wake' })
loop.handle({ type: 'signal', signal: 15, hangup: false })
for (const daemon of names) {
  const exit = { code: 0, signal: 15, gone: true, outputOpen: false }
  loop.handle({ type: 'exited', daemon, run: 1, ...exit })
}
real.exit(0)
