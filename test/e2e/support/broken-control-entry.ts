/** A control plane with bugs, for control/bug.test.ts: the line that a client sends selects the
 *  bug. */
import type { MakeControlPlane } from '../../../src/control/server/control-plane.ts'
import { Server } from '../../../src/control/server/server.ts'

const world = globalThis as unknown as { pitcrewControl: MakeControlPlane }

world.pitcrewControl = (supervisor) => {
  const server = new Server(supervisor)
  const handle = server.handle.bind(server)
  server.handle = (event) => {
    const text = event.type === 'line' ? event.text : null
    if (text === 'throw') throw new Error('planted')
    if (text === 'loop') for (;;);
    const hoard: unknown[] = []
    if (text === 'memory')
      for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
    handle(event)
  }
  return server
}
