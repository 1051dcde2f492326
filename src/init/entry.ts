/** Where the C host and the init meet. */
import type { Handlers, Host } from '../host/host.ts'
import { main } from './main.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

world.pitcrewHandlers = main(world.pitcrewHost)
