/** Entry point of the image "bundle". The CLI loads it for a verb that needs the parser; the init's
 *  parsing helper starts with it and without the other verbs, because the init waits for it. */
import type { ClientSystem } from '../../host/system.ts'
import type { BundleImage } from '../verbs/bundle.ts'
import { bundleImage, planMain } from './bundle-image.ts'

const world = globalThis as unknown as {
  readonly pitcrewHost: ClientSystem
  pitcrewBundle: BundleImage
}
const system = world.pitcrewHost

world.pitcrewBundle = bundleImage
if (system.args[0] === '@plan') planMain(system).then((code) => system.exit(code))
