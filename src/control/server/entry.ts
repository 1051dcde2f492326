/** Entry point of the image "control", which the init loads for the first client. */
import type { MakeControlPlane } from './control-plane.ts'
import { Server } from './server.ts'

const world = globalThis as unknown as { pitcrewControl: MakeControlPlane }

world.pitcrewControl = (supervisor) => new Server(supervisor)
