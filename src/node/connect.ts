/** To a pitcrew that runs already. */
import { readdirSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client } from '../client/client.ts'
import type { Transport } from '../client/transport.ts'
import { PitcrewError } from '../errors.ts'
import { findSockets } from '../host/places.ts'

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
  const tries = await Promise.all(paths.map(open))
  const answering = tries.flatMap(({ socket, path: at }) =>
    socket === null ? [] : [{ socket, at }],
  )
  const [first, other] = answering
  if (first === undefined) {
    const closed = tries.find(({ isForbidden }) => isForbidden)
    throw closed === undefined ? nobody(paths) : forbidden(closed.path)
  }
  if (other !== undefined) {
    for (const { socket } of answering) socket.destroy()
    const where = answering.map(({ at }) => at).join(', ')
    const message = `cannot choose: several pitcrews answer: ${where}`
    throw new PitcrewError('USAGE', message, 'name one: connect(PATH), or PITCREW_SOCKET')
  }
  return Client.open(transportOver(first.socket))
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

interface Try {
  readonly path: string
  /** null: nobody listens there, or not to us. */
  readonly socket: Socket | null
  readonly isForbidden: boolean
}

function open(path: string): Promise<Try> {
  return new Promise((resolve) => {
    const socket = connectSocket(path)
    socket.once('connect', () => resolve({ path, socket, isForbidden: false }))
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({ path, socket: null, isForbidden: code === 'EACCES' }),
    )
  })
}

function nobody(paths: readonly string[]): PitcrewError {
  const where = paths.length === 0 ? 'there is no socket in the usual places' : paths.join(', ')
  const hint = 'is pitcrew running? PITCREW_SOCKET names the socket'
  return new PitcrewError('NO_PITCREW', `no pitcrew answers: ${where}`, hint)
}

function forbidden(path: string): PitcrewError {
  const message = `cannot connect to ${path}: it is for root and for the user that pitcrew runs as`
  return new PitcrewError('NOT_PERMITTED', message, 'ask as one of them')
}

/** @param socket A connected one, of which nobody has read anything yet. */
export function transportOver(socket: Duplex): Transport {
  socket.setEncoding('utf8')
  // What is wrong with it is seen as its end, by whoever reads or waits for an answer.
  socket.on('error', () => {})
  const texts: AsyncIterator<string> = socket[Symbol.asyncIterator]()
  return {
    send(text: string): void {
      if (!socket.destroyed) socket.write(text)
    },
    async receive(): Promise<string | null> {
      try {
        const { value, done } = await texts.next()
        return done === true ? null : value
      } catch {
        return null
      }
    },
    close(): void {
      socket.destroy()
    },
  }
}
