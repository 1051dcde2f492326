/** Where the image of the control plane begins: the init loads it for its first client. */
import type { MakeControlPlane } from './control-plane.ts'
import { Server } from './server.ts'

const world = globalThis as unknown as { pitcrewControl: MakeControlPlane }

world.pitcrewControl = (supervisor) => new Server(supervisor)
