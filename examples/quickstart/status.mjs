// @ts-check
/** A page with the state of each daemon. It queries the daemons as a client does, and keeps no
 *  state. It stands in for pitcrew's own supervise daemon of a real bundle. */

import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { guide } from './guide.mjs'
import { pitcrewPid, say } from './life.mjs'
import { health, listeningPort, portOf, send, serve } from './serve.mjs'

/**
 * @typedef {import('./serve.mjs').Health} Health
 * @typedef {'egress' | 'pipelock' | 'git-gate'} Name
 */

const others = /** @type {const} */ (['egress', 'pipelock', 'git-gate'])
const answerMs = 1000
const firstRetryMs = 20
const patienceMs = 5000

const server = serve('status', answer)
server.once('listening', explain)

/** @param {import('./serve.mjs').Request} req @param {import('./serve.mjs').Response} res */
async function answer(req, res) {
  if (req.url === '/healthz') return send(res, 200, 'ok\n')
  if (req.url !== '/' && req.url !== '/json') return send(res, 404, 'see /, /json and /healthz\n')
  const daemons = [...(await Promise.all(others.map(ask))), health('status')]
  const via = req.headers.via?.replaceAll('1.1 ', '') ?? null // "1.1" is the version of HTTP.
  const report = { pitcrew: pitcrewPid(), via, daemons }
  if (req.url === '/json') return send(res, 200, `${JSON.stringify(report)}\n`)
  const keeper = report.pitcrew === null ? 'started by hand' : `pitcrew is pid ${report.pitcrew}`
  const head = `${keeper}; you came ${via === null ? 'directly' : `through ${via}`}`
  send(res, 200, `${[head, ...daemons.map(row)].join('\n')}\n`)
}

/** @param {Health | { name: string, problem: string }} daemon */
function row(daemon) {
  const name = daemon.name.padEnd(9)
  if ('problem' in daemon) return `${name} down  ${daemon.problem}`
  const pid = String(daemon.pid).padEnd(7)
  const seconds = `${daemon.uptime.toFixed(1)} s`.padEnd(9)
  return `${name} up    pid ${pid} for ${seconds} tokens: ${daemon.tokens.join(', ') || 'none'}`
}

/** Prints the guide when all other daemons answer, or after 5 s. */
async function explain() {
  const deadline = Date.now() + patienceMs
  const silent = await Promise.all(others.map((name) => wait(name, deadline)))
  const [egress, pipelock, gitGate] = [portOf('egress'), portOf('pipelock'), portOf('git-gate')]
  const ports = { egress, pipelock, gitGate, status: listeningPort(server) }
  for (const line of guide(ports, silent.flat())) say(line)
}

/** Queries a daemon after 20 ms, 40 ms, 80 ms and so on. @returns Its name if it never answers.
 *  @param {Name} name @param {number} deadline */
async function wait(name, deadline) {
  for (let pauseMs = firstRetryMs; ; pauseMs *= 2) {
    const found = await ask(name)
    if (!('problem' in found)) return []
    if (Date.now() + pauseMs > deadline) return [name]
    await sleep(pauseMs)
  }
}

/** @param {Name} name @returns {Promise<Health | { name: string, problem: string }>} */
function ask(name) {
  const port = portOf(name)
  return new Promise((resolve) => {
    const problem = (/** @type {string} */ text) => resolve({ name, problem: text })
    const signal = AbortSignal.timeout(answerMs)
    const req = get({ host: '127.0.0.1', port, path: '/health', agent: false, signal }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => resolve(parse(text)))
      res.on('error', (error) => problem(error.message))
    })
    req.on('error', (error) => problem(error.message))

    /** @param {string} text @returns {Health | { name: string, problem: string }} */
    function parse(text) {
      try {
        const found = JSON.parse(text)
        if (found.name === name) return found
      } catch {} // Another program listens there.
      return { name, problem: `port ${port} is held by another program` }
    }
  })
}
