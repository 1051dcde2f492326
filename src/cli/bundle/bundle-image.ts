/** What the image with the parser offers to that of the other verbs. */

import { told } from '../run-verb.ts'
import { buildPlan } from './build-plan.ts'
import type { BundleVerbs } from './bundle-verbs.ts'
import { completionScript } from './shells.ts'
import { validateBundle } from './validate-bundle.ts'

export const bundleImage: BundleVerbs = {
  validate: (input) => told(input, () => validateBundle(input)),
  build: (input) => told(input, () => buildPlan(input)),
  completion: completionScript,
}
