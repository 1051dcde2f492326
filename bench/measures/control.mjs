/** What the control plane costs: its tool as a process, requests while logs are written at full
 *  speed, and a thousand who wait. */
import { constants } from 'node:os'
import { ask, withAsker } from '../asker.mjs'
import { bundleOf, withLife } from '../life.mjs'
import { memoryKib } from '../processes.mjs'
import { program } from '../scratch.mjs'
import { median, quantile } from '../statistics.mjs'
import { restartOnce } from './restart.mjs'

const waiters = 1000
const lineBytes = 100
const statusLine = '{"id":1,"verb":"status"}'
/** Of a daemon that runs: it waits until the end of it. */
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
  full: { keys: ['ask-p50', 'ask-p99'], run: full },
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

/** The floor's tool is a process that sends its signal. */
function byTool(contender, { restarts }) {
  return withLife(contender, bundleOf('idle', 4), {}, async (run) => {
    await run.boot()
    const signal = ['signal', run.supervisor, constants.signals.SIGUSR1]
    const order = {
      run: run.control ? toolOf(run, 'restart', 'd1') : [program('asker'), ...signal],
    }
    const times = []
    for (let left = restarts; left > 0; left--) times.push(await restartOnce(run, order))
    await run.stop()
    return { 'restart-tool': median(times) }
  })
}

/** In a PID namespace of its own, as in a container: /proc has nobody else. */
function status(contender, key, count, { asks }) {
  return withLife(contender, bundleOf('idle', count), { isPid1: true }, async (run) => {
    await run.boot()
    const times = await ask('times', Math.min(asks, 200), ...toolOf(run, 'status', '--json'))
    return { [key]: median(times) }
  })
}

function full(contender, { asks, logBytes }) {
  const lines = Math.ceil(logBytes / lineBytes)
  const options = { lineBytes, lines, isRead: true }
  return withLife(contender, bundleOf('writer', 4), options, async (run) => {
    await run.boot()
    let isWritten = false
    const written = run.write(lines * 4).then(() => {
      isWritten = true
    })
    const times = await ask('ask', run.control.socket, asks, statusLine)
    if (isWritten) throw new Error('the writers were done before the requests')
    await written
    await run.stop()
    return { 'ask-p50': median(times), 'ask-p99': quantile(times, 0.99) }
  })
}

function wait(contender) {
  return withLife(contender, bundleOf('idle', 4), {}, async (run) => {
    await run.boot()
    // The first one brings the control plane with it.
    await ask('ask', run.control.socket, 1, statusLine)
    const before = memoryKib(run.own()).whole
    const words = ['wait', run.control.socket, waiters, waitLine]
    const after = await withAsker(words, async () => memoryKib(run.own()).whole)
    await run.stop()
    return { waiters: after - before }
  })
}

function toolOf({ control: { tool, socket } }, ...words) {
  return [tool, ...words, '--socket', socket]
}
