// @ts-check
/** Passes one HTTP request on and its answer back: the part that both proxies of the example share.
 *  Bodies are streamed, so a slow reader slows the sender and nothing grows in memory. */

import { request } from 'node:http'
import { pipeline } from 'node:stream'
import { send } from './serve.mjs'

/** Headers about one connection and not about the message; a proxy must not pass them on. */
const perConnection = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate']
perConnection.push('proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade')

/**
 * @param {string} via What this proxy calls itself in the `Via` header.
 * @param {import('./serve.mjs').Request} req
 * @param {import('./serve.mjs').Response} res
 * @param {import('node:http').RequestOptions} to
 */
export function relay(via, req, res, to) {
  const headers = { ...endToEnd(req.headers, via), ...to.headers }
  // Without this a body of unknown length would be sent on without any framing.
  if (req.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked'

  const upstream = request({ ...to, method: req.method, headers, agent: false })
  upstream.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers, via))
    pipeline(answer, res, () => {}) // Either side's early end ends the other; nothing to add.
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
