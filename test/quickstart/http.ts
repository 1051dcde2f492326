/** HTTP requests to a server or proxy. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: NodeJS.Dict<string | string[]>
}

/** Sends a request to a server, or to a proxy if `path` is an absolute URL. */
export async function send(port: number, path: string, method = 'GET', body = ''): Promise<Answer> {
  const req = request({ host: '127.0.0.1', port, path, method, agent: false })
  req.end(body)
  const [res] = await once(req, 'response')
  return { status: res.statusCode, text: await text(res), headers: res.headers }
}

/** Requests a tunnel. After a refusal the socket is destroyed. */
export async function tunnel(
  port: number,
  authority: string,
): Promise<{ readonly status: number; readonly socket: Socket }> {
  const req = request({ host: '127.0.0.1', port, method: 'CONNECT', path: authority, agent: false })
  req.end()
  const [res, socket] = await once(req, 'connect')
  if (res.statusCode !== 200) socket.destroy()
  return { status: res.statusCode, socket }
}

/** Connects and sends raw bytes, for requests that stay incomplete and for half-open
 *  connections. */
export async function open(port: number, bytes: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}
