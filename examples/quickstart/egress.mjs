// @ts-check
/** An HTTP forward proxy with an allow-list: the only way out for the daemons of the bundle, and
 *  the only one that gets the tokens (`EGRESS_TOKEN_*`).
 *
 *  On HUP it reads its allow-list again and loses no connection. An invalid list changes nothing,
 *  because a typing error must neither open nor close the way out.
 *
 *      node egress.mjs [allow.txt] */
import { connect } from 'node:net'
import { relative } from 'node:path'
import { pipeline } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { isAllowed, readAllowList } from './allow-list.mjs'
import { fail, onHangup, pitcrewPid, reason, say } from './life.mjs'
import { relay } from './proxy.mjs'
import { health, send, serve } from './serve.mjs'

/** @typedef {import('./allow-list.mjs').AllowList} AllowList */

const file = process.argv[2] ?? fileURLToPath(new URL('allow.txt', import.meta.url))
const shownFile = relative('', file)

/** @type {AllowList} */
let hosts
try {
  hosts = readAllowList(file)
} catch (error) {
  fail(`cannot use ${shownFile}: ${reason(error)}`)
}
onHangup(() => {
  try {
    hosts = readAllowList(file)
    say(`allow-list read again: ${count(hosts)}`)
  } catch (error) {
    say(`cannot use ${shownFile}: ${reason(error)}; the old list stays: ${count(hosts)}`)
  }
})

const { tokens } = health('egress')
const note = [`${count(hosts)} allowed`, tokens.length > 0 && `tokens: ${tokens.join(' ')}`]
const server = serve('egress', forward, { note: note.filter(Boolean).join(', ') })
server.on('connect', tunnel)

/** A proxied request, for example `GET http://127.0.0.1:9100/ HTTP/1.1`.
 *  @param {import('./serve.mjs').Request} req @param {import('./serve.mjs').Response} res */
function forward(req, res) {
  const url = URL.canParse(req.url ?? '') ? new URL(req.url ?? '') : null
  if (url === null) return send(res, 404, 'this is a proxy: use it with curl -x\n')
  if (url.protocol !== 'http:') return send(res, 400, `egress: not an http address: ${req.url}\n`)
  if (!isAllowed(hosts, url.hostname)) return send(res, 403, denial(url.hostname))
  // Host is set from the URL, so that the request goes to the host that was allowed.
  const headers = { host: url.host }
  relay('egress', req, res, { ...target(url), path: url.pathname + url.search, headers })
}

/** `CONNECT host:port`: passes bytes in both directions unchanged, for HTTPS.
 *  @param {import('./serve.mjs').Request} req @param {import('node:stream').Duplex} client
 *  @param {Buffer} head */
function tunnel(req, client, head) {
  const authority = /^[^\s/?#@]+:\d+$/.test(req.url ?? '') ? `http://${req.url}` : ''
  const url = URL.canParse(authority) ? new URL(authority) : null
  client.on('error', () => {}) // The client hung up; `close` follows.
  if (url === null) return close('400 Bad Request', 'egress: CONNECT needs host:port\n')
  if (!isAllowed(hosts, url.hostname)) return close('403 Forbidden', denial(url.hostname))

  // Half-open: one side may still send when the other has finished.
  const upstream = connect({ ...target(url), allowHalfOpen: true })
  let isOpen = false
  const giveUp = () => upstream.destroy()
  client.on('close', giveUp)
  upstream.on('error', (error) => {
    if (!isOpen) close('502 Bad Gateway', `egress: ${error.message}\n`)
  })
  upstream.on('connect', () => {
    isOpen = true
    client.off('close', giveUp)
    say(`CONNECT ${req.url} 200`)
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.unshift(head)
    pipeline(client, upstream, () => {})
    pipeline(upstream, client, () => {})
  })

  /** @param {string} status @param {string} text */
  function close(status, text) {
    say(`CONNECT ${req.url} ${status.slice(0, 3)}`)
    client.resume() // Otherwise the end of the client's data would never be seen.
    client.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n${text}`)
  }
}

/** Names under .localhost are this machine (RFC 6761); no name server is queried.
 *  @param {URL} url */
function target(url) {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const host = /(^|\.)localhost$/.test(name) ? '127.0.0.1' : name
  return { host, port: Number(url.port || 80) }
}

/** @param {string} host */
function denial(host) {
  const pid = pitcrewPid() ?? process.pid
  return `egress: ${host} is denied. Add it to ${shownFile}, then: kill -HUP ${pid}\n`
}

/** @param {AllowList} list */
function count(list) {
  return list.size === 1 ? '1 host' : `${list.size} hosts`
}
