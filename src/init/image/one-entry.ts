/** Where the image of `-- COMMAND` begins: an init for one command needs next to nothing of that for a
 *  bundle. */
import type { Handlers, Host } from '../../host/host.ts'
import { OneCommand } from '../start/one-command.ts'
import { handlersFor } from './main.ts'

const world = globalThis as unknown as { pitcrewHost: Host; pitcrewHandlers: Handlers }

world.pitcrewHandlers = handlersFor(world.pitcrewHost, new OneCommand(world.pitcrewHost))
