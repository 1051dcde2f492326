/** The few ways in which the tests speak to a proxy. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: NodeJS.Dict<string | string[]>
}

/** Asks a server; with an absolute address as `path`, asks it as a proxy. */
export async function ask(port: number, path: string, method = 'GET', body = ''): Promise<Answer> {
  const req = request({ host: '127.0.0.1', port, path, method, agent: false })
  req.end(body)
  const [res] = await once(req, 'response')
  return { status: res.statusCode, text: await text(res), headers: res.headers }
}

/** Asks for a tunnel. The socket is the caller's; after a refusal it is destroyed. */
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

/** Sends raw bytes and leaves the rest to the caller: for requests that are never finished, and
 *  for a client that still talks after the other side has ended. */
export async function open(port: number, bytes: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}
