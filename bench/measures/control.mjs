/** The control plane: its tool as a process, requests while daemons log at full speed, and the
 *  memory of a thousand waiting clients. */
import { constants } from 'node:os'
import { memoryKib } from '../processes.mjs'
import { timeRequests, withRequester } from '../requester.mjs'
import { program } from '../scratch.mjs'
import { median, quantile } from '../statistics.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'
import { restartOnce } from './restart.mjs'

const waiters = 1000
const lineBytes = 100
const statusLine = '{"id":1,"verb":"status"}'
/** Waits for the end of a running daemon, which does not come. */
const waitLine = '{"id":1,"verb":"wait","args":{"daemon":"d0","for":"stopped"}}'

const parts = {
  tool: { keys: ['restart-tool'], run: byTool },
  status: {
    keys: ['status'],
    run: (contender, settings) => status(contender, 'status', 4, settings),
  },
  many: {
    keys: ['status-1000'],
    run: (contender, settings) => status(contender, 'status-1000', 1000, settings),
  },
  full: { keys: ['request-p50', 'request-p99'], run: full },
  wait: { keys: ['waiters'], run: wait },
}

export const control = {
  groups: ['control'],
  cases: Object.keys(parts),
  keys: (part) => parts[part].keys,
  fits: (contender, part) =>
    contender.speaksControl === true || (contender.name === 'floor' && part === 'tool'),
  run: (contender, part, settings) => parts[part].run(contender, settings),
}

/** The tool of the floor is a process that sends a signal. */
function byTool(contender, { restarts }) {
  return withSupervisor(contender, bundleOf('idle', 4), {}, async (run) => {
    await run.boot()
    const signal = ['signal', run.supervisorPid, constants.signals.SIGUSR1]
    const order = {
      run: run.control ? toolOf(run, 'restart', 'd1') : [program('requester'), ...signal],
    }
    const times = []
    for (let left = restarts; left > 0; left--) times.push(await restartOnce(run, order))
    await run.stop()
    return { 'restart-tool': median(times) }
  })
}

/** In a PID namespace of its own, as in a container, so that /proc has no other processes. */
function status(contender, key, count, { requests }) {
  return withSupervisor(contender, bundleOf('idle', count), { isPid1: true }, async (run) => {
    await run.boot()
    const times = await timeRequests(
      'times',
      Math.min(requests, 200),
      ...toolOf(run, 'status', '--json'),
    )
    return { [key]: median(times) }
  })
}

function full(contender, { requests, logBytes }) {
  const lines = Math.ceil(logBytes / lineBytes)
  const options = { lineBytes, lines, isRead: true }
  return withSupervisor(contender, bundleOf('writer', 4), options, async (run) => {
    await run.boot()
    let isWritten = false
    const written = run.write(lines * 4).then(() => {
      isWritten = true
    })
    const times = await timeRequests('request', run.control.socket, requests, statusLine)
    if (isWritten) throw new Error('the writers finished before the requests')
    await written
    await run.stop()
    return { 'request-p50': median(times), 'request-p99': quantile(times, 0.99) }
  })
}

function wait(contender) {
  return withSupervisor(contender, bundleOf('idle', 4), {}, async (run) => {
    await run.boot()
    // The first client loads the control plane.
    await timeRequests('request', run.control.socket, 1, statusLine)
    const before = memoryKib(run.ownPids()).whole
    const words = ['wait', run.control.socket, waiters, waitLine]
    const after = await withRequester(words, async () => memoryKib(run.ownPids()).whole)
    await run.stop()
    return { waiters: after - before }
  })
}

function toolOf({ control: { tool, socket } }, ...words) {
  return [tool, ...words, '--socket', socket]
}
