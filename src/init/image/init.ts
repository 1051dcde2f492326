/** The image "init": the beginning of `pitcrew run`. */
import type { Handlers, Host } from '../../host/host.ts'
import { Start } from '../start/start.ts'
import { handlersFor } from './handlers.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

world.pitcrewHandlers = handlersFor(world.pitcrewHost, new Start(world.pitcrewHost))
