/** Entry point of the parsing helper, which `pitcrew run` starts as `@plan PATH`: writes the plan to
 *  stdout, or the problems to stderr. It has no other verbs, because the init waits for it. */
import type { ClientSystem } from '../../host/system.ts'
import { planMain } from './print-plan.ts'

const { pitcrewHost } = globalThis as unknown as { readonly pitcrewHost: ClientSystem }

planMain(pitcrewHost).then((code) => pitcrewHost.exit(code))
