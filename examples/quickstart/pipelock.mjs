// @ts-check
/** A filter in front of egress: it decides by method and host, and forwards allowed requests to
 *  egress. It stands in for pipelock of a real bundle.
 *
 *  It reads its rules only at its start, so that a running process cannot be given wider ones. New
 *  rules need a new process, which USR1 to pitcrew starts: `GET /health` then shows another pid,
 *  and the other daemons keep theirs.
 *
 *      node pipelock.mjs [pipelock.json] */

import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, onHangup, pitcrewPid, reason, say } from './life.mjs'
import { relay } from './proxy.mjs'
import { portOf, send, serve } from './serve.mjs'

/** @typedef {{ host: string, methods: string[] }} Rule */

const file = process.argv[2] ?? fileURLToPath(new URL('pipelock.json', import.meta.url))
const shownFile = relative('', file)
const rules = readRules()
onHangup(() => say(`HUP: ${shownFile} is read at start only; ${restart()}`))
const egress = { host: '127.0.0.1', port: portOf('egress') }

const note = `${rules.length} rules, next hop http://${egress.host}:${egress.port}`
const server = serve('pipelock', filter, { note })
server.on('connect', refuseTunnel)

/** @param {import('./serve.mjs').Request} req @param {import('./serve.mjs').Response} res */
function filter(req, res) {
  const { method = '', url: address = '' } = req
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null) return send(res, 404, 'this is a proxy: use it with curl -x\n')
  const isMatch = (/** @type {Rule} */ rule) =>
    rule.host === url.hostname && rule.methods.includes(method)
  if (!rules.some(isMatch)) return send(res, 403, denial(`${method} to ${url.hostname}`))
  // Egress gets the parsed URL that was checked here, not the text of the request.
  relay('pipelock', req, res, { ...egress, path: url.href, headers: { host: url.host } })
}

/** A tunnel hides the method, so tunnels are refused.
 *  @param {import('./serve.mjs').Request} req @param {import('node:stream').Duplex} client */
function refuseTunnel(req, client) {
  client.on('error', () => {}) // The client hung up.
  client.resume() // Otherwise the end of the client's data would never be seen.
  client.end(`HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n${denial('CONNECT')}`)
  say(`CONNECT ${req.url} 403`)
}

/** @param {string} what */
function denial(what) {
  return `pipelock: ${what} is denied. Add a rule to ${shownFile}, then ${restart()}\n`
}

function restart() {
  const pid = pitcrewPid()
  return pid === null ? 'start pipelock.mjs again' : `restart pipelock: kill -USR1 ${pid}`
}

/** @returns {Rule[]} */
function readRules() {
  try {
    const { allow } = JSON.parse(readFileSync(file, 'utf8'))
    if (!Array.isArray(allow) || !allow.every(isRule)) {
      throw new Error('"allow" is a list of { "host": …, "methods": [ … ] }')
    }
    return allow
  } catch (error) {
    return fail(`cannot use ${shownFile}: ${reason(error)}`)
  }
}

/** @param {unknown} value @returns {value is Rule} */
function isRule(value) {
  if (typeof value !== 'object' || value === null) return false
  const { host, methods } = /** @type {Record<string, unknown>} */ (value)
  return typeof host === 'string' && Array.isArray(methods)
}
