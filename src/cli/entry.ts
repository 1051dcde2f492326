/** Entry point of client verbs. */
import type { ClientSystem } from '../host/system.ts'
import { main } from './main.ts'

const { pitcrewHost } = globalThis as unknown as { readonly pitcrewHost: ClientSystem }

main(pitcrewHost).then((code) => pitcrewHost.exit(code))
