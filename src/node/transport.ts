/** A connection as the client wants it, over a socket of Node. */
import type { Duplex } from 'node:stream'
import type { Transport } from '../client/transport.ts'

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
