// @ts-check
/** Forwards one HTTP request and its response; shared by both proxies. Bodies are streamed, so that
 *  a slow reader slows the sender and memory does not grow. */

import { request } from 'node:http'
import { pipeline } from 'node:stream'
import { send } from './serve.mjs'

/** Headers that concern one connection; a proxy must not forward them. */
const perConnection = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate']
perConnection.push('proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade')

/**
 * @param {string} via The name of this proxy in the `Via` header.
 * @param {import('./serve.mjs').Request} req
 * @param {import('./serve.mjs').Response} res
 * @param {import('node:http').RequestOptions} to
 */
export function relay(via, req, res, to) {
  const headers = { ...endToEnd(req.headers, via), ...to.headers }
  // Otherwise a body of unknown length would be sent without framing.
  if (req.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked'

  const upstream = request({ ...to, method: req.method, headers, agent: false })
  upstream.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers, via))
    pipeline(answer, res, () => {}) // An early end of one side ends the other.
  })
  upstream.on('error', (error) => {
    if (res.headersSent) res.destroy()
    else send(res, 502, `${via}: cannot reach ${to.host}:${to.port}: ${error.message}\n`)
  })
  res.on('close', () => upstream.destroy())
  req.pipe(upstream)
}

/** @param {import('node:http').IncomingHttpHeaders} headers @param {string} via */
function endToEnd(headers, via) {
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/)
  const kept = Object.entries(headers).filter(
    ([name]) => !perConnection.includes(name) && !named.includes(name),
  )
  const passed = headers.via === undefined ? [] : [headers.via]
  /** @type {import('node:http').OutgoingHttpHeaders} */
  const result = { ...Object.fromEntries(kept), via: [...passed, `1.1 ${via}`].join(', ') }
  return result
}
