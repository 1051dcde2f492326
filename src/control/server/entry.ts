/** Where the image of the control plane begins: the init loads it for its first client. */
import type { MakeControl } from './control-plane.ts'
import { Server } from './server.ts'

const world = globalThis as unknown as { pitcrewControl: MakeControl }

world.pitcrewControl = (supervisor) => new Server(supervisor)
