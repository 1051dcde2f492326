/** To a pitcrew that runs already. */
import { readdirSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import { Client } from '../client/client.ts'
import { PitcrewError } from '../errors.ts'
import { findSockets } from '../host/places.ts'
import { transportOver } from './transport.ts'

/**
 * @param path Of its socket; absent: the one that is found in the usual places.
 * @returns A client; `await using` closes it.
 * @throws {PitcrewError} NO_PITCREW: nobody answers; USAGE: there are several; NOT_PERMITTED.
 * @example
 * await using pitcrew = await connect()
 * const { daemons } = await pitcrew.call('status', {})
 * for (const { name, state } of daemons) console.log(name, state)
 */
export async function connect(path?: string): Promise<Client> {
  const paths = path === undefined ? findSockets(places) : [path]
  const sockets = (await Promise.all(paths.map(open))).filter((socket) => socket !== null)
  const [socket, other] = sockets
  if (socket === undefined) throw nobody(paths)
  if (other !== undefined) {
    for (const each of sockets) each.destroy()
    const message = `cannot choose: several pitcrews answer: ${paths.join(', ')}`
    throw new PitcrewError('USAGE', message, 'name one: connect(PATH), or PITCREW_SOCKET')
  }
  return Client.open(transportOver(socket))
}

const places = {
  uid: process.geteuid?.() ?? 0,
  getenv: (name: string): string | null => process.env[name] ?? null,
  listFolder(path: string): readonly string[] {
    try {
      return readdirSync(path).sort()
    } catch {
      return []
    }
  },
}

/** null: nobody listens there. */
function open(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connectSocket(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(null))
  })
}

function nobody(paths: readonly string[]): PitcrewError {
  const where = paths.length === 0 ? 'there is no socket in the usual places' : paths.join(', ')
  const hint = 'is pitcrew running? PITCREW_SOCKET names the socket'
  return new PitcrewError('NO_PITCREW', `no pitcrew answers: ${where}`, hint)
}
