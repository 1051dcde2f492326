/** The functions of the image "bundle": the work of `validate`, `build` and `completion`, and
 *  `@plan`, which the init runs in its parsing helper. */
import { sumWith } from '../../host/find-bundle.ts'
import type { ClientSystem } from '../../host/system.ts'
import { version } from '../../version.ts'
import { exitStatusOf, type Input } from '../command.ts'
import type { BundleImage } from '../verbs/bundle.ts'
import { buildPlan, planText } from './build-plan.ts'
import { loadBundleFile, reportInvalid } from './bundle-file.ts'
import { completionScript } from './completion-script.ts'
import { validateBundle } from './validate-bundle.ts'

export const bundleImage: BundleImage = {
  validate: (input) => exitStatusOf(input, () => validateBundle(input)),
  build: (input) => exitStatusOf(input, () => buildPlan(input)),
  completion: completionScript,
}

/** `@plan PATH`: writes the plan to stdout, or the problems to stderr. @returns The exit status. */
export function planMain(system: ClientSystem): Promise<number> {
  const output = {
    system,
    print: (text: string): void => system.write(1, `${text}\n`),
    report: (text: string): void => system.write(2, `${text}\n`),
  }
  return exitStatusOf(output, () => printPlan(output, system.args[1]))
}

function printPlan(
  output: Pick<Input, 'system' | 'print' | 'report'>,
  path: string | undefined,
): number {
  const loaded = loadBundleFile(output, path)
  if ('invalid' in loaded) return reportInvalid(output, loaded.path, loaded.invalid)
  output.print(planText(loaded.plan, sumWith(output.system, version)))
  return 0
}
