// @ts-check
/** The HTTP server of a daemon: a configurable port, `GET /health`, one log line per request, and a
 *  quick shutdown. */
import { createServer } from 'node:http'
import { fail, onEnd, reason, say } from './life.mjs'

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {{ name: string, pid: number, since: string, uptime: number, tokens: string[] }} Health
 */

/** The default port of each daemon, on loopback. */
const ports = { egress: 3128, pipelock: 8888, 'git-gate': 8080, status: 9100 }

const since = new Date(Date.now() - process.uptime() * 1000).toJSON()

/**
 * Serves HTTP until TERM or INT.
 *
 * @param {keyof typeof ports} name
 * @param {(req: Request, res: Response) => void} answer
 * @param {{ note?: string, drainMs?: number }} [options] `drainMs`: the time for
 *   requests in flight after TERM, in milliseconds.
 */
export function serve(name, answer, { note = '', drainMs = 100 } = {}) {
  const port = portOf(name)
  let ending = false
  const server = createServer((req, res) => {
    if (req.url === '/health') return send(res, 200, `${JSON.stringify(health(name))}\n`)
    res.on('close', () => {
      say(`${req.method} ${req.url} ${res.writableFinished ? res.statusCode : 'hung up'}`)
      if (ending) setImmediate(() => server.closeIdleConnections())
    })
    answer(req, res)
  })

  /** @type {Set<import('node:stream').Duplex>} */
  const sockets = new Set() // Kept here, because an HTTP server forgets a socket after CONNECT.
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  onEnd(() => {
    if (ending) return // A second signal changes nothing.
    ending = true
    server.close(() => process.exit(0))
    setTimeout(() => sockets.forEach((socket) => void socket.destroy()), drainMs)
  })

  server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    const why = error.code === 'EADDRINUSE' ? 'in use' : reason(error)
    fail(`cannot listen on 127.0.0.1:${port}: ${why}; set ${portVariable(name)}`)
  })
  server.listen(port, '127.0.0.1', () => {
    say(`listening on http://127.0.0.1:${listeningPort(server)}${note && `, ${note}`}`)
  })
  return server
}

/** The port in use; it differs from a configured 0, which means any free port.
 *  @param {import('node:http').Server} server */
export function listeningPort(server) {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** @param {keyof typeof ports} name */
export function portOf(name) {
  const text = process.env[portVariable(name)] || String(ports[name])
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  return fail(`cannot use ${portVariable(name)}=${text}: a port is a number from 0 to 65535`)
}

/** @param {string} name */
function portVariable(name) {
  return `${name.toUpperCase().replace('-', '_')}_PORT`
}

/** Lists the names of the tokens in this process; values are never printed or sent.
 *  @param {string} name @returns {Health} */
export function health(name) {
  const tokens = Object.keys(process.env).filter((key) => key.startsWith('EGRESS_TOKEN_'))
  return { name, pid: process.pid, since, uptime: process.uptime(), tokens }
}

/** @param {Response} res @param {number} status @param {string} text */
export function send(res, status, text) {
  const type = text.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8'
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  res.end(text)
}
