/** Where the image of the parser begins: a verb that reads a bundle loads it, so that no other verb
 *  pays for YAML at its start. The init's helper starts with it, and so without all other verbs:
 *  the init waits for it. */
import type { ClientSystem } from '../../host/system.ts'
import { planMain } from '../verbs/plan.ts'
import { bundleImage } from './bundle-image.ts'
import type { BundleVerbs } from './bundle-verbs.ts'

const world = globalThis as unknown as {
  readonly pitcrewHost: ClientSystem
  pitcrewBundle: BundleVerbs
}
const system = world.pitcrewHost

world.pitcrewBundle = bundleImage
if (system.args[0] === '@plan') planMain(system).then((code) => system.exit(code))
