/** Connects to a running pitcrew. */
import { readdirSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { PitcrewError } from '../errors.ts'
import { findSockets } from '../host/places.ts'
import { Client, type NodeTransport } from './client.ts'

/**
 * Connects to a running pitcrew.
 *
 * @param path The path of its socket. Default: `$PITCREW_SOCKET`, or the only socket in the run folder
 *   at which a pitcrew answers.
 * @returns A client; `await using` closes its connection.
 * @throws {PitcrewError} NO_PITCREW: no pitcrew answers. USAGE: several answer. NOT_PERMITTED: the
 *   socket belongs to another user. FAILED: another version of the protocol.
 * @example
 * await using pitcrew = await connect()
 * const { daemons } = await pitcrew.call('status', {})
 * for (const { name, state } of daemons) console.log(name, state)
 */
export async function connect(path?: string): Promise<Client> {
  const paths = path === undefined ? findSockets(places) : [path]
  const attempts = await Promise.all(paths.map(open))
  const answering = attempts.flatMap(({ socket, path: at }) =>
    socket === null ? [] : [{ socket, at }],
  )
  const [first, other] = answering
  if (first === undefined) {
    const closed = attempts.find(({ isForbidden }) => isForbidden)
    throw closed === undefined ? noPitcrew(paths) : forbidden(closed.path)
  }
  if (other !== undefined) {
    for (const { socket } of answering) socket.destroy()
    const where = answering.map(({ at }) => at).join(', ')
    const message = `cannot choose between several pitcrews: ${where}`
    throw new PitcrewError('USAGE', message, 'choose one: connect(PATH), or PITCREW_SOCKET')
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

interface Attempt {
  readonly path: string
  /** null: no process accepts our connection there. */
  readonly socket: Socket | null
  readonly isForbidden: boolean
}

function open(path: string): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connectSocket(path)
    socket.once('connect', () => resolve({ path, socket, isForbidden: false }))
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({ path, socket: null, isForbidden: code === 'EACCES' }),
    )
  })
}

function noPitcrew(paths: readonly string[]): PitcrewError {
  const where = paths.length === 0 ? 'there is no socket in the usual places' : paths.join(', ')
  const hint = 'start pitcrew, or name its socket: connect(PATH), or PITCREW_SOCKET'
  return new PitcrewError('NO_PITCREW', `no pitcrew answers: ${where}`, hint)
}

function forbidden(path: string): PitcrewError {
  const message = `cannot connect to ${path}: it is for root and for the user that pitcrew runs as`
  return new PitcrewError('NOT_PERMITTED', message, 'connect as one of these users')
}

/** A Node socket as a transport.
 *  @param socket Connected, and not read yet. */
export function transportOver(socket: Duplex): NodeTransport {
  socket.setEncoding('utf8')
  keepReading(socket)
  // An error shows as the end of the connection.
  socket.on('error', () => {})
  const texts: AsyncIterator<string> = socket[Symbol.asyncIterator]()
  return {
    send(data: string | Uint8Array): void {
      if (!socket.destroyed) socket.write(data)
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

/** A server that refuses a content closes the connection while its bytes are sent. Its answer can
 *  still be read, but Node destroys a socket when a write fails: such a write counts as done. */
function keepReading(socket: Duplex): void {
  type Done = (error?: Error | null) => void
  const unlessRefused = (done: Done): Done => {
    return (error) => done((error as NodeJS.ErrnoException | null)?.code === 'EPIPE' ? null : error)
  }
  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, unlessRefused(done))
  const writeAll = socket._writev?.bind(socket)
  if (writeAll) socket._writev = (chunks, done) => writeAll(chunks, unlessRefused(done))
}
