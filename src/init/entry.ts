/** Where the image of `run` begins. */
import type { Handlers, Host } from '../host/host.ts'
import { handlersFor } from './main.ts'
import { Start } from './start.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

world.pitcrewHandlers = handlersFor(world.pitcrewHost, new Start(world.pitcrewHost))
