/** A control plane with bugs, for control/bug.test.ts: the line that a client sends selects the bug. */
import type { MakeControl } from '../../../src/control/server/control-plane.ts'
import { Server } from '../../../src/control/server/server.ts'

const world = globalThis as unknown as { pitcrewControl: MakeControl }

world.pitcrewControl = (supervisor) => {
  const server = new Server(supervisor)
  const line = server.line.bind(server)
  server.line = (client, text) => {
    if (text === 'throw') throw new Error('planted')
    if (text === 'loop') for (;;);
    const hoard: unknown[] = []
    if (text === 'memory')
      for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
    line(client, text)
  }
  return server
}
